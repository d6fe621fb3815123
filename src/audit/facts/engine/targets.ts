// SPDX-License-Identifier: Apache-2.0
// Containers and images of an engine, as the checks of those targets see them.

import type { VulnerabilityDatabase } from '../../vulnerabilities/database.ts';
import { inspectedContainer, unknownContainer } from '../container/inspect.ts';
import { number, object, text } from '../container/json.ts';
import { readProcess } from '../container/process.ts';
import type { ContainerFacts } from '../container.ts';
import { inspectedImage } from '../image/engine.ts';
import type { ImageAuditFacts } from '../image/types.ts';
import type { EngineAnswers, Inspected } from './collect.ts';

const digest = (id: string): string => (/^[0-9a-f]{64}$/.test(id) ? `sha256:${id}` : id);

/** Facts of each image that the engine has. */
export const imagesOf = ({ facts, images }: EngineAnswers, database?: VulnerabilityDatabase): ImageAuditFacts[] => {
  // Where its files lie is the word of the engine: that of a user does not choose what root reads.
  const own = facts.user === null || facts.user.uid === process.geteuid?.();
  return (images ?? []).map(({ image, history }) =>
    inspectedImage(image, history, own ? (facts.info?.root ?? '') : '', database),
  );
};

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
    remapped: facts.info?.userNamespaces === true,
    seccomp: facts.info?.seccomp ?? 'default',
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
