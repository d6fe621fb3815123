// SPDX-License-Identifier: Apache-2.0
// An image as rules see it: schemas/inputs/image.schema.json.
import type { Subject } from '../../policies/rules/evaluate.ts';
import type { ImageFacts } from '../plan/types.ts';

/** `NAME=value` by name; of a name that is there twice the last one counts, as in an environment. */
const byName = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(pairs.map((pair) => [pair.split('=', 1)[0] ?? '', pair.slice(pair.indexOf('=') + 1)]));

export function imageSubject(
  image: Omit<ImageFacts, 'layers' | 'passwd' | 'group'> & { readonly layers: readonly { readonly diffId: string }[] },
): Subject {
  const { reference, digest, origin, architecture, os, signatures, config, layers } = image;
  const { user, env, entrypoint, cmd, workingDir, stopSignal, healthcheck, volumes, exposedPorts, labels } = config;
  const facts = {
    ...{ reference, digest, origin, architecture, os },
    // That none is required is no signature.
    signed: (signatures ?? []).some(({ why, attestations }) => why === undefined && attestations === undefined),
    attestations: (signatures ?? []).flatMap((each) =>
      (each.attestations ?? []).map(({ predicateType, predicate, signer }) => ({ predicateType, predicate, signer })),
    ),
    config: {
      ...{ user, env: byName(env), entrypoint, cmd, workingDir, volumes, exposedPorts, labels },
      stopSignal: stopSignal ?? '',
      healthcheck: healthcheck?.test ?? [],
    },
    layers: layers.map(({ diffId }) => diffId),
  };
  return { target: 'image', name: reference, facts };
}
