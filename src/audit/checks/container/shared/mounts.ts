// SPDX-License-Identifier: Apache-2.0
// What of the host a plan binds into the container.
import type { PlannedMount } from '../../../facts/container/plan.ts';
import type { PlanFacts } from '../../../facts/container.ts';

/** Binds of paths of the host. */
export const binds = ({ mounts }: PlanFacts): PlannedMount[] =>
  mounts.filter(
    ({ type, source, options, own }) =>
      !own &&
      source.startsWith('/') &&
      (type === 'bind' || options.some((option) => option === 'bind' || option === 'rbind')),
  );
