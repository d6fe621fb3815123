// SPDX-License-Identifier: Apache-2.0
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = {
  'setns-first-process': 'its mount namespace could be entered',
  'root-of-first-process': 'its root could be opened',
};

export default {
  id: 'SEC-PROBE-0003',
  title: 'The file system and namespaces of process 1 are out of reach',
  severity: 'critical',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'Where process 1 is the one of the host, /proc/1/root is the file system of the host, and to enter its namespaces is to leave the container.',
  remediation: "Do not share the host's process ids ('--pid host'), and remove CAP_SYS_ADMIN and CAP_SYS_PTRACE.",
  references: [
    'https://man7.org/linux/man-pages/man2/setns.2.html',
    'https://man7.org/linux/man-pages/man5/proc_pid_root.5.html',
  ],
  examples: [
    { good: {}, bad: { attempts: { 'setns-first-process': ALLOWED } } },
    { good: {}, bad: { attempts: { 'root-of-first-process': ALLOWED } } },
  ],
  check: (facts) => conclude(tried(facts, WHAT)),
} satisfies ProbeCheck;
