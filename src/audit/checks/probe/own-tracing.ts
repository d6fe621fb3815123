// SPDX-License-Identifier: Apache-2.0
import { whose } from '../../facts/probe/namespaces.ts';
import { notApplicable } from '../../verdicts.ts';
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = {
  'ptrace-first-process': 'process 1 could be traced',
  'read-memory-of-first-process': 'the memory of process 1 could be read',
};

export default {
  id: 'SEC-PROBE-0006',
  title: 'Calls for debugging are refused',
  severity: 'low',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'With ptrace(2) and process_vm_readv(2) whoever takes over one program of the container takes over all of its user, and reads their secrets.',
  remediation:
    'Use a filter that refuses ptrace(2) and process_vm_readv(2), as the default and strict profiles of this product do; debuggers in the container do not work then.',
  references: ['https://man7.org/linux/man-pages/man2/ptrace.2.html'],
  examples: [{ good: {}, bad: { attempts: { 'ptrace-first-process': ALLOWED } } }],
  check: (facts) => {
    if (whose(facts, 'pid') === 'host') return notApplicable('process 1 is that of the host');
    return conclude(tried(facts, WHAT));
  },
} satisfies ProbeCheck;
