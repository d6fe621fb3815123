// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { about, conclude, type ProbeCheck, seen } from './shared/judge.ts';

export default {
  id: 'SEC-PROBE-0021',
  title: 'Programs outside cannot be overwritten through /proc',
  severity: 'critical',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.1'],
  rationale:
    'A program of the host, or of another container, that runs in sight is a file there: /proc/PID/exe, and whoever may write it has his own code executed out there the next time (CVE-2019-5736).',
  remediation: "Use a user namespace, do not share the host's process ids, and update the runtime.",
  references: [
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2019-5736',
    'https://man7.org/linux/man-pages/man5/proc_pid_exe.5.html',
  ],
  examples: [
    {
      good: { processes: { foreign: [{ pid: 7, name: 'runc', writable: false }] } },
      bad: { processes: { foreign: [{ pid: 7, name: 'runc', writable: true }] } },
    },
  ],
  check: (facts) =>
    conclude(
      seen(facts, 'processes', ({ foreign, visible }) =>
        visible === null
          ? 'the processes could not be listed'
          : foreign
              .filter(({ writable }) => writable)
              .map(({ pid, name }) =>
                about(
                  facts,
                  name,
                  `the program of process ${pid}, ${quoted(name)}, is a file outside that may be written`,
                ),
              )
              .filter(({ key }, i, all) => all.findIndex((other) => other.key === key) === i),
      ),
    ),
} satisfies ProbeCheck;
