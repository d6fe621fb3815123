// SPDX-License-Identifier: Apache-2.0
import { type ContainerCheck, judge, STOPPED } from './shared/judge.ts';

export default {
  id: 'SEC-CONTAINER-0021',
  title: 'Its programs write no core dumps',
  severity: 'low',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.19'],
  rationale:
    'A core dump is the memory of a program with its keys and sessions, and the handler of dumps is a program of the host that runs as root on input from the container.',
  remediation: "Run it with '--ulimit core=0:0', or set 'run.core: 0' in the policy.",
  references: ['https://man7.org/linux/man-pages/man5/core.5.html'],
  examples: [
    { good: {}, bad: { proof: { 'rlimit-core': { inForce: false } } } },
    {
      good: { ...STOPPED, plan: { rlimits: { RLIMIT_CORE: 0 } } },
      bad: { ...STOPPED, plan: { rlimits: { RLIMIT_CORE: 1 } } },
    },
    { good: STOPPED, bad: { ...STOPPED, plan: { rlimits: { RLIMIT_CORE: undefined } } } },
  ],
  check(facts) {
    const hard = facts.plan?.rlimits.RLIMIT_CORE;
    const wrong =
      hard === 0
        ? null
        : `the size of its core dumps is ${hard === undefined || hard < 0 ? 'not limited' : `limited to ${hard}`}`;
    return judge(facts, {
      control: 'rlimit-core',
      plan: () => wrong,
      // In force is what the plan says: no more, and that may be much.
      kernel: ({ inForce, actual }) =>
        inForce === null ? undefined : inForce ? wrong : `the limit of its core dumps is ${actual}`,
    });
  },
} satisfies ContainerCheck;
