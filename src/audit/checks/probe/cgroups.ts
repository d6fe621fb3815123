// SPDX-License-Identifier: Apache-2.0
import { ALLOWED, about, conclude, type ProbeCheck, seen, tried } from './shared/judge.ts';

export default {
  id: 'SEC-PROBE-0023',
  title: 'Control groups cannot be changed',
  severity: 'high',
  target: 'probe',
  frameworks: ['CIS-Docker-1.6:5.24', 'NIST-800-190:4.4.3'],
  rationale:
    'Whoever writes control groups lifts the limits of the container; a hierarchy of version 1 has release_agent besides, which the host executes (CVE-2022-0492).',
  remediation:
    "Have /sys/fs/cgroup mounted read-only (without '--privileged'), and refuse mount(2) and user namespaces.",
  references: [
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2022-0492',
    'https://docs.kernel.org/admin-guide/cgroup-v2.html#delegation',
  ],
  examples: [
    { good: {}, bad: { cgroups: { writable: ['/sys/fs/cgroup/cgroup.procs'] } } },
    { good: {}, bad: { attempts: { 'cgroup-v1-mount': ALLOWED } } },
  ],
  check: (facts) =>
    conclude(
      seen(facts, 'cgroups', ({ writable }) => writable.map((path) => about(facts, path, `${path} can be written`))),
      tried(facts, { 'cgroup-v1-mount': 'a hierarchy of version 1 could be mounted' }),
    ),
} satisfies ProbeCheck;
