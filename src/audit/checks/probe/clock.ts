// SPDX-License-Identifier: Apache-2.0
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = {
  'clock-adjust': 'adjtimex(2) is permitted',
  'clock-set': 'settimeofday(2) is permitted',
};

export default {
  id: 'SEC-PROBE-0015',
  title: 'The clock of the machine cannot be set',
  severity: 'high',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'There is one clock for all containers and the host: whoever sets it makes certificates valid again, and logs wrong.',
  remediation: "Remove CAP_SYS_TIME ('--cap-add', '--privileged').",
  references: [
    'https://man7.org/linux/man-pages/man2/adjtimex.2.html',
    'https://man7.org/linux/man-pages/man2/settimeofday.2.html',
  ],
  examples: [{ good: {}, bad: { attempts: { 'clock-adjust': ALLOWED } } }],
  check: (facts) => conclude(tried(facts, WHAT)),
} satisfies ProbeCheck;
