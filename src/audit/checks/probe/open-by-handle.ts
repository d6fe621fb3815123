// SPDX-License-Identifier: Apache-2.0
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = {
  'open-by-handle': 'open_by_handle_at(2) is permitted',
};

export default {
  id: 'SEC-PROBE-0007',
  title: 'Files cannot be opened by their number',
  severity: 'critical',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'open_by_handle_at(2) opens any file of a file system by its inode number, whatever is mounted where: with one file of the host in the container, all of them (the exploit called shocker).',
  remediation: "Remove CAP_DAC_READ_SEARCH ('--cap-add', '--privileged').",
  references: [
    'https://man7.org/linux/man-pages/man2/open_by_handle_at.2.html',
    'https://www.openwall.com/lists/oss-security/2014/06/18/4',
  ],
  examples: [{ good: {}, bad: { attempts: { 'open-by-handle': ALLOWED } } }],
  check: (facts) => conclude(tried(facts, WHAT)),
} satisfies ProbeCheck;
