// SPDX-License-Identifier: Apache-2.0
import type { ContainerFacts, ManagedFacts } from '../../../facts/container.ts';
import type { Problem, Verdict } from '../../../types.ts';
import { notApplicable, unknown, verdict } from '../../../verdicts.ts';

/** A check of what docker and podman do for a container; `ours` is why it does not apply to one of ours. */
export function managed(
  { managed: found, gaps, engine }: ContainerFacts,
  ours: string,
  check: (found: ManagedFacts) => Verdict | readonly Problem[],
): Verdict {
  if (gaps.managed !== undefined) return unknown(gaps.managed);
  if (found === null)
    return notApplicable(engine === 'secure' ? ours : 'its engine decides it, and its bundle does not say');
  const answer = check(found);
  return 'status' in answer ? answer : verdict(answer);
}

/** A container of docker, for examples. */
export const DOCKER = {
  engine: 'docker',
  proof: null,
  managed: {
    privileged: false,
    restart: 'on-failure',
    restartCount: 5,
    healthcheck: true,
    imageNow: 'sha256:bf151b4c68b301e4560a067e458109b94c8178420ede73b9042ead32484d1852',
    programs: ['nginx'],
    cgroupParent: '',
    exposedPorts: ['80/tcp'],
    cpuShares: null,
    sessions: [],
  },
} as const;
