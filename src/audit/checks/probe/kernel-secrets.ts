// SPDX-License-Identifier: Apache-2.0
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = {
  'read-kernel-memory': '/proc/kcore could be opened',
  'read-kernel-addresses': '/proc/kallsyms shows addresses',
  'kernel-log': 'syslog(2) reads its log',
};

export default {
  id: 'SEC-PROBE-0012',
  title: 'Memory, addresses and log of the kernel cannot be read',
  severity: 'medium',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'The log and the addresses of the kernel are what an exploit needs first; /proc/kcore is the memory of the machine, with the keys of everybody.',
  remediation:
    "Set 'kernel.dmesg_restrict = 1' and 'kernel.kptr_restrict = 1' (sysctl) on the host, remove CAP_SYSLOG, and have /proc/kcore masked.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/kernel.html'],
  examples: [{ good: {}, bad: { attempts: { 'kernel-log': ALLOWED } } }],
  check: (facts) => conclude(tried(facts, WHAT)),
} satisfies ProbeCheck;
