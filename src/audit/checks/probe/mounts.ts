// SPDX-License-Identifier: Apache-2.0
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = {
  mount: 'mount(2) is permitted',
  fsopen: 'fsopen(2) made a file system',
  'unshare-mount': 'a mount namespace could be made',
  'userns-mount-tmpfs': 'a tmpfs could be mounted',
  'userns-mount-proc': 'a procfs could be mounted',
  'userns-mount-overlay': 'an overlay could be mounted',
  'pivot-root': 'pivot_root(2) is permitted',
};

export default {
  id: 'SEC-PROBE-0002',
  title: 'No file system can be mounted',
  severity: 'high',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'Whoever mounts gets at what was hidden or read-only, and at parsers of file systems in the kernel (CVE-2022-0185, CVE-2023-0386).',
  remediation:
    "Remove CAP_SYS_ADMIN ('--cap-add', '--privileged'), and use a filter that refuses mount(2), fsopen(2) and user namespaces.",
  references: [
    'https://man7.org/linux/man-pages/man2/mount.2.html',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2023-0386',
  ],
  examples: [
    { good: {}, bad: { attempts: { mount: ALLOWED } } },
    { good: {}, bad: { attempts: { 'userns-mount-overlay': ALLOWED } } },
  ],
  check: (facts) => conclude(tried(facts, WHAT)),
} satisfies ProbeCheck;
