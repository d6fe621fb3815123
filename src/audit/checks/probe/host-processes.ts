// SPDX-License-Identifier: Apache-2.0
import { whose } from '../../facts/probe/namespaces.ts';
import { fails, PASS, unknown } from '../../verdicts.ts';
import { about, type ProbeCheck } from './shared/judge.ts';

const SHARED = 'its process namespace is that of the host, whose processes it sees';

export default {
  id: 'SEC-PROBE-0004',
  title: 'Processes of the host cannot be seen',
  severity: 'high',
  target: 'probe',
  frameworks: ['CIS-Docker-1.6:5.16', 'PSS-Baseline:hostNamespaces'],
  rationale:
    "In the host's process namespace a program sees command lines and environments of all of them, signals those of its user, and finds those that it may trace.",
  remediation: "Do not share the host's process ids: remove '--pid host'.",
  references: ['https://man7.org/linux/man-pages/man7/pid_namespaces.7.html'],
  examples: [
    // That of the machine which judges.
    { good: {}, bad: { namespaces: { pid: { inode: 4026531836 } } } },
    { good: {}, bad: { namespaces: { pid: { inode: 0xeffffffc } } } },
  ],
  check: (facts) => {
    const found = whose(facts, 'pid');
    if (found === 'unknown') return unknown('the process namespace could not be read');
    return found === 'own' ? PASS : fails(about(facts, 'pid', SHARED));
  },
} satisfies ProbeCheck;
