// SPDX-License-Identifier: Apache-2.0
// An engine, its containers and its images, asked over its socket.

import type { ConfigFile } from './facts/engine/configured.ts';
import type { TaskEngine } from './facts/engine/tasks.ts';
import type { EngineName } from './facts/engine.ts';
import type { ImageAuditFacts } from './facts/image/types.ts';
import type { Collected } from './recorded.ts';

/**
 * What docker or podman says on its socket. What it did not answer is unknown in the report, with the reason.
 * @param advisories a database of them; undefined: what is known of packages stays unknown
 */
export async function collectEngineTargets(
  engine: Extract<EngineName, 'docker' | 'podman'>,
  socket: string,
  advisories?: string,
): Promise<Collected[]> {
  const [{ collectEngine }, { containersOf, imagesOf }, { VulnerabilityDatabase }] = await Promise.all([
    import('./facts/engine/collect.ts'),
    import('./facts/engine/targets.ts'),
    import('./vulnerabilities/database.ts'),
  ]);
  const answers = await collectEngine(engine, socket);
  const database = advisories === undefined ? undefined : VulnerabilityDatabase.open(advisories);
  let images: ImageAuditFacts[];
  try {
    images = imagesOf(answers, database);
  } finally {
    database?.close();
  }
  const of = (target: 'image' | 'container', name: string, facts: unknown): Collected => ({
    ...{ target, name: `${engine}/${name}`, facts },
  });
  return [
    { target: 'engine', name: engine, facts: answers.facts },
    ...images.map((facts) => of('image', facts.reference, facts)),
    ...containersOf(answers, images).map((facts) => of('container', facts.name, facts)),
  ];
}

/** containerd or CRI-O by its configuration and the bundles of what runs. @param problem why the configuration cannot be read */
export async function collectConfiguredTargets(
  engine: TaskEngine,
  files: readonly ConfigFile[],
  problem: string | null = null,
): Promise<Collected[]> {
  const [{ collectTasks }, { configuredEngine }] = await Promise.all([
    import('./facts/engine/tasks.ts'),
    import('./facts/engine/configured.ts'),
  ]);
  const tasks = collectTasks(engine);
  const facts = configuredEngine(engine, files, tasks.containers, problem ?? tasks.problem);
  return [
    { target: 'engine', name: engine, facts },
    ...tasks.containers.map((one): Collected => ({ target: 'container', name: `${engine}/${one.name}`, facts: one })),
  ];
}
