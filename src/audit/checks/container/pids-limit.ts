// SPDX-License-Identifier: Apache-2.0
import { type ContainerCheck, judge, STOPPED } from './shared/judge.ts';
import { cgroupLimit } from './shared/limits.ts';

export default {
  id: 'SEC-CONTAINER-0010',
  title: 'Its number of processes is limited',
  severity: 'medium',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.29', 'NIST-800-190:4.4.3'],
  rationale:
    'A fork bomb in a container without a limit takes every process id of the host, which then cannot even be logged in to.',
  remediation: "Run it with '--pids-limit 1024' or what it needs, or set 'run.pids' in the policy.",
  references: ['https://docs.kernel.org/admin-guide/cgroup-v2.html#pid'],
  examples: [
    { good: { proof: { pids: { actual: '1024' } } }, bad: { proof: { pids: { actual: 'max' } } } },
    {
      good: { ...STOPPED, plan: { limits: { pids: 1024 } } },
      bad: { ...STOPPED, plan: { limits: { pids: null } } },
    },
  ],
  check: (facts) =>
    judge(facts, {
      control: 'pids',
      plan: ({ limits }) => (limits.pids === null ? 'the number of its processes is not limited' : null),
      kernel: ({ actual }) =>
        cgroupLimit(actual) === null ? `its control group does not limit processes: ${actual}` : null,
    }),
} satisfies ContainerCheck;
