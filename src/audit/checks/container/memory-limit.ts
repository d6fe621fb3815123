// SPDX-License-Identifier: Apache-2.0
import { type ContainerCheck, judge, STOPPED } from './shared/judge.ts';
import { cgroupLimit } from './shared/limits.ts';

export default {
  id: 'SEC-CONTAINER-0009',
  title: 'Its memory is limited',
  severity: 'medium',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.11', 'NIST-800-190:4.4.3'],
  rationale:
    'Without a limit one container takes the memory of the host, and the kernel then kills programs of others.',
  remediation: "Run it with '--memory 512m' or what it needs, or set 'run.memory' in the policy.",
  references: ['https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files'],
  examples: [
    {
      good: { proof: { memory: { actual: '4294967296' } } },
      bad: { proof: { memory: { actual: '9223372036854771712' } } },
    },
    { good: { proof: { memory: { actual: '4294967296' } } }, bad: { proof: { memory: { actual: 'max' } } } },
    {
      good: { ...STOPPED, plan: { limits: { memory: 4294967296 } } },
      bad: { ...STOPPED, plan: { limits: { memory: null } } },
    },
  ],
  check: (facts) =>
    judge(facts, {
      control: 'memory',
      plan: ({ limits }) => (limits.memory === null ? 'its memory is not limited' : null),
      kernel: ({ actual }) =>
        cgroupLimit(actual) === null ? `its control group does not limit memory: ${actual}` : null,
    }),
} satisfies ContainerCheck;
