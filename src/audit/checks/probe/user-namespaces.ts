// SPDX-License-Identifier: Apache-2.0
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = {
  'unshare-user': 'unshare(2) made a user namespace',
  'clone3-user': 'clone3(2) made a user namespace',
  'unshare-user-32-bit': 'unshare(2) made a user namespace by the entry for programs of 32 bits',
  'unshare-user-x32': 'unshare(2) made a user namespace by the entry for programs of x32',
};

export default {
  id: 'SEC-PROBE-0001',
  title: 'No user namespace can be made',
  severity: 'high',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'In a user namespace of its own a program has every capability, and reaches the parts of the kernel that only root should: CVE-2022-0185, CVE-2023-32233 and CVE-2024-1086 began with it.',
  remediation:
    "Use a filter of system calls that refuses unshare(2) and clone(2) with CLONE_NEWUSER, and clone3(2) with ENOSYS, as docker's default profile and every profile of this product do; remove 'seccomp=unconfined'.",
  references: [
    'https://man7.org/linux/man-pages/man7/user_namespaces.7.html',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2022-0185',
  ],
  examples: [
    { good: {}, bad: { attempts: { 'unshare-user': ALLOWED } } },
    { good: {}, bad: { attempts: { 'clone3-user': ALLOWED } } },
  ],
  check: (facts) => conclude(tried(facts, WHAT)),
} satisfies ProbeCheck;
