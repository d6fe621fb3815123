// SPDX-License-Identifier: Apache-2.0
// Containers and images of an engine, as the checks of those targets see them.

import type { VulnerabilityDatabase } from '../../vulnerabilities/database.ts';
import { inspectedContainer, unknownContainer } from '../container/inspect.ts';
import { number, object, text } from '../container/json.ts';
import { readProcess } from '../container/process.ts';
import type { ContainerFacts } from '../container.ts';
import { inspectedImage, type LookedAt } from '../image/engine.ts';
import type { ImageAuditFacts } from '../image/types.ts';
import type { EngineAnswers, Inspected } from './collect.ts';

const digest = (id: string): string => (/^[0-9a-f]{64}$/.test(id) ? `sha256:${id}` : id);

/** Has the engine pack an image, and looks at that. @param id `sha256:...` */
export type Fetch = (id: string, database?: VulnerabilityDatabase) => Promise<LookedAt>;

/** Facts of each image that the engine has. @param fetch where its files cannot be looked at on the disk; undefined: they are unknown then */
export async function imagesOf(
  { facts, images, native }: EngineAnswers,
  database?: VulnerabilityDatabase,
  fetch?: Fetch,
): Promise<ImageAuditFacts[]> {
  // Where its files lie is the word of the engine: that of a user does not choose what root reads. Where it maps ids, those on the disk are others.
  const believed = facts.user === null && facts.info?.userNamespaces === false;
  const engine = facts.engine === 'podman' ? 'podman' : 'docker';
  const store = { engine, root: believed ? (facts.info?.root ?? '') : '', native } as const;
  const found: ImageAuditFacts[] = [];
  for (const { image, history } of images ?? []) {
    const known = inspectedImage(image, history, store, database);
    const unseen = known.incomplete !== null && known.accounts === null;
    const fetched = unseen && fetch !== undefined ? await fetch(known.digest, database) : undefined;
    if (fetched === undefined) found.push(known);
    else if (fetched.incomplete === null) found.push({ ...known, ...fetched });
    else found.push({ ...known, ...fetched, incomplete: `${known.incomplete}; ${fetched.incomplete}` });
  }
  return found;
}

/** `NAME` means `NAME:latest`, also to an engine. */
const tagged = (name: string): string => (/[:@][^/]*$/.test(name) ? name : `${name}:latest`);

function containerOf(
  { facts }: EngineAnswers,
  { container, sessions, problem }: Inspected,
  images: readonly ImageAuditFacts[],
): ContainerFacts {
  if (problem !== null) return unknownContainer(container, facts.engine === 'podman' ? 'podman' : 'docker', problem);
  const id = digest(text(container.Image));
  const reference = text(object(container.Config).Image) || text(container.ImageName);
  const names = new Map((facts.images ?? []).flatMap((image) => image.tags.map((tag) => [tag, image.id] as const)));
  const now =
    names.get(tagged(reference)) ?? (digest(reference) === id || id.startsWith(`sha256:${reference}`) ? id : null);
  const image = images.find((one) => one.digest === id);
  return inspectedContainer(container, {
    engine: facts.engine === 'podman' ? 'podman' : 'docker',
    remapped: facts.info?.rootless === true ? 'always' : facts.info?.userNamespaces === true,
    seccomp: facts.info?.seccomp ?? 'default',
    ...(facts.info === null ? {} : { limits: facts.info.limits }),
    image: reference === '' ? null : { reference, digest: id, origin: image?.origin ?? '' },
    exposedPorts: image?.config.exposedPorts ?? null,
    imageNow: now,
    sessions,
    process: readProcess(number(object(container.State).Pid) ?? 0, text(container.Id)),
  });
}

/** Facts of each container that the engine has, those that do not run included. */
export const containersOf = (answers: EngineAnswers, images: readonly ImageAuditFacts[]): ContainerFacts[] =>
  (answers.containers ?? []).map((one) => containerOf(answers, one, images));
