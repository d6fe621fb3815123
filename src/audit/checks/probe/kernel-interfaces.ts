// SPDX-License-Identifier: Apache-2.0
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = {
  'bpf-socket-filter': 'a bpf program was loaded',
  'perf-own': 'perf_event_open(2) counts its own events',
  'perf-machine': 'perf_event_open(2) counts events of the whole machine',
  userfaultfd: 'userfaultfd(2) handles faults of the kernel',
  'io-uring': 'io_uring_setup(2) made a ring',
};

export default {
  id: 'SEC-PROBE-0009',
  title: 'Interfaces of the kernel that exploits use are refused',
  severity: 'medium',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'io_uring, userfaultfd, bpf and perf are large, and few programs need them; most exploits of the last years took one of them to get in or to win a race (CVE-2021-3490, CVE-2022-2602, CVE-2023-2598).',
  remediation:
    "Use a filter that refuses them: docker's default profile does since 25.0, every profile of this product does.",
  references: [
    'https://security.googleblog.com/2023/06/learnings-from-kctf-vrps-42-linux.html',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2022-2602',
  ],
  examples: [
    { good: {}, bad: { attempts: { 'io-uring': ALLOWED } } },
    { good: {}, bad: { attempts: { userfaultfd: ALLOWED } } },
  ],
  check: (facts) => conclude(tried(facts, WHAT)),
} satisfies ProbeCheck;
