// SPDX-License-Identifier: Apache-2.0
import { type ContainerCheck, judge, STOPPED } from './shared/judge.ts';
import { cgroupLimit } from './shared/limits.ts';

export default {
  id: 'SEC-CONTAINER-0011',
  title: 'Its processor time is limited',
  severity: 'low',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.12'],
  rationale: 'A container that spins, or that somebody mines in, slows down everything else on the host.',
  remediation: "Run it with '--cpus 2' or what it needs, or set 'run.cpus' in the policy.",
  references: ['https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files'],
  examples: [
    { good: { proof: { cpus: { actual: '200000 of 100000' } } }, bad: { proof: { cpus: { actual: '-1 of 100000' } } } },
    {
      good: { ...STOPPED, plan: { limits: { cpuQuota: 200000 } } },
      bad: { ...STOPPED, plan: { limits: { cpuQuota: null } } },
    },
  ],
  check: (facts) =>
    judge(facts, {
      control: 'cpus',
      // A share of one's own is what other engines had before there were limits.
      plan: ({ limits }) =>
        limits.cpuQuota === null && (facts.managed?.cpuShares ?? 1024) === 1024
          ? 'its processor time is not limited'
          : null,
      kernel: ({ actual }) =>
        cgroupLimit(actual.split(' ')[0] ?? '') === null
          ? `its control group does not limit processor time: ${actual}`
          : null,
    }),
} satisfies ContainerCheck;
