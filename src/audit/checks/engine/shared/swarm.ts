// SPDX-License-Identifier: Apache-2.0

import type { SwarmFacts } from '../../../facts/engine/types.ts';
import type { EngineFacts } from '../../../facts/engine.ts';
import type { Problem, Verdict } from '../../../types.ts';
import { notApplicable, unknown } from '../../../verdicts.ts';
import { known } from './check.ts';

const NONE = notApplicable('it takes part in no swarm');

/** A check of what managers of a swarm know. */
export const ofManager = (
  facts: EngineFacts,
  check: (manager: NonNullable<SwarmFacts['manager']>) => Verdict | readonly Problem[],
): Verdict =>
  known(facts, 'swarm', ({ active, manager }) => {
    if (!active) return NONE;
    return manager === null ? notApplicable('it is a worker: audit a manager of the swarm') : check(manager);
  });

/** A check of the addresses of a node. */
export const ofAddresses = (
  facts: EngineFacts,
  check: (addresses: NonNullable<SwarmFacts['addresses']>) => Verdict | readonly Problem[],
): Verdict =>
  known(facts, 'swarm', ({ active, addresses }) => {
    if (!active) return NONE;
    return addresses === null
      ? unknown('the addresses of its node stand in its state, which cannot be read: audit its host as root')
      : check(addresses);
  });
