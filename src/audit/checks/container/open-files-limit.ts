// SPDX-License-Identifier: Apache-2.0
import { type ContainerCheck, judge, STOPPED } from './shared/judge.ts';

/** What systemd gives a service at most by default: more than any that does not ask for it needs. */
const MOST = 1024 * 1024;

export default {
  id: 'SEC-CONTAINER-0026',
  title: 'The number of its open files is limited',
  severity: 'low',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.19'],
  rationale:
    'Open files are memory of the kernel and count towards fs.file-max of the whole host; programs that close every possible one take minutes where the limit is a billion.',
  remediation: "Run it with '--ulimit nofile=1024:65536', or set 'run.nofile' in the policy.",
  references: ['https://man7.org/linux/man-pages/man2/getrlimit.2.html'],
  examples: [
    { good: {}, bad: { proof: { 'rlimit-nofile': { inForce: false } } } },
    {
      good: { ...STOPPED, plan: { rlimits: { RLIMIT_NOFILE: MOST } } },
      bad: { ...STOPPED, plan: { rlimits: { RLIMIT_NOFILE: 1073741816 } } },
    },
  ],
  check(facts) {
    const hard = facts.plan?.rlimits.RLIMIT_NOFILE;
    const wrong =
      hard === undefined || hard < 0
        ? 'its open files are not limited'
        : hard > MOST
          ? `it may open ${hard} files, more than ${MOST}`
          : null;
    return judge(facts, {
      control: 'rlimit-nofile',
      plan: () => wrong,
      kernel: ({ inForce, actual }) =>
        inForce === null ? undefined : inForce ? wrong : `the limit of its open files is ${actual}`,
    });
  },
} satisfies ContainerCheck;
