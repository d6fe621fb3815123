// SPDX-License-Identifier: Apache-2.0
// An engine, its containers and its images, asked over its socket.

import type { EngineAnswers } from './facts/engine/collect.ts';
import type { ConfigFile } from './facts/engine/configured.ts';
import type { EngineSocket } from './facts/engine/sockets.ts';
import type { Fetch } from './facts/engine/targets.ts';
import type { TaskEngine } from './facts/engine/tasks.ts';
import type { EngineUser } from './facts/engine/types.ts';
import type { ImageAuditFacts } from './facts/image/types.ts';
import type { Collected } from './recorded.ts';

/** What it is called in reports: `docker`, and `docker~alice` where it is that of a user. */
export const engineTarget = (engine: string, user: EngineUser | null): string =>
  user === null ? engine : `${engine}~${user.name}`;

/** What docker or podman says on its socket: of itself, its containers and its images. @param milliseconds for all its answers */
export async function askEngine(
  { engine, path, user, connect }: Omit<EngineSocket, 'close'>,
  milliseconds?: number,
): Promise<EngineAnswers> {
  const { collectEngine } = await import('./facts/engine/collect.ts');
  return collectEngine(engine, connect, { path, user, ...(milliseconds === undefined ? {} : { milliseconds }) });
}

export interface EngineOptions {
  /** A database of advisories; undefined: what is known of packages stays unknown. */
  readonly advisories?: string | undefined;
  /** Have the engine pack an image whose files cannot be looked at otherwise; undefined: they are unknown. */
  readonly fetch?: Fetch | undefined;
}

/** What it said as targets. What it did not answer is unknown in the report, with the reason. */
export async function answeredTargets(
  answers: EngineAnswers,
  { advisories, fetch }: EngineOptions = {},
): Promise<Collected[]> {
  const [{ containersOf, imagesOf }, { VulnerabilityDatabase }] = await Promise.all([
    import('./facts/engine/targets.ts'),
    import('./vulnerabilities/database.ts'),
  ]);
  const database = advisories === undefined ? undefined : VulnerabilityDatabase.open(advisories);
  let images: ImageAuditFacts[];
  try {
    images = await imagesOf(answers, database, fetch);
  } finally {
    database?.close();
  }
  const whole = engineTarget(answers.facts.engine, answers.facts.user);
  const of = (target: 'image' | 'container', name: string, facts: unknown): Collected => ({
    ...{ target, name: `${whole}/${name}`, facts },
  });
  return [
    { target: 'engine', name: whole, facts: answers.facts },
    ...images.map((facts) => of('image', facts.reference, facts)),
    ...containersOf(answers, images).map((facts) => of('container', facts.name, facts)),
  ];
}

/** Both for one engine. */
export const collectEngineTargets = async (
  socket: Omit<EngineSocket, 'close'>,
  options: EngineOptions = {},
): Promise<Collected[]> => answeredTargets(await askEngine(socket), options);

/** One that was found and not asked. */
export async function unaskedTarget({ engine, path, user }: EngineSocket, why: string): Promise<Collected> {
  const { unknownEngine } = await import('./facts/engine/collect.ts');
  return { target: 'engine', name: engineTarget(engine, user), facts: unknownEngine(engine, path, user, why) };
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
