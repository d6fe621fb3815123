// SPDX-License-Identifier: Apache-2.0
import { whose } from '../../facts/probe/namespaces.ts';
import { notApplicable } from '../../verdicts.ts';
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = {
  'ptrace-first-process': 'process 1 could be traced',
  'read-memory-of-first-process': 'the memory of process 1 could be read',
};

export default {
  id: 'SEC-PROBE-0005',
  title: 'Processes of the host cannot be traced',
  severity: 'critical',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale: 'Whoever may trace a process of the host executes what he wants there, as its user.',
  remediation: "Do not share the host's process ids ('--pid host'), and remove CAP_SYS_PTRACE.",
  references: ['https://man7.org/linux/man-pages/man2/ptrace.2.html'],
  examples: [
    {
      good: { namespaces: { pid: { inode: 0xeffffffc } } },
      bad: { namespaces: { pid: { inode: 0xeffffffc } }, attempts: { 'ptrace-first-process': ALLOWED } },
    },
  ],
  check: (facts) => {
    if (whose(facts, 'pid') === 'own') return notApplicable('process 1 is its own');
    return conclude(tried(facts, WHAT));
  },
} satisfies ProbeCheck;
