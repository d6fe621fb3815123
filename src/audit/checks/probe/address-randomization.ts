// SPDX-License-Identifier: Apache-2.0
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = {
  'personality-no-randomize': 'personality(2) takes ADDR_NO_RANDOMIZE',
};

export default {
  id: 'SEC-PROBE-0025',
  title: 'Randomised addresses cannot be switched off',
  severity: 'low',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale: 'An exploit that starts its victim without randomised addresses knows where everything is.',
  remediation:
    "Use a filter that allows personality(2) only for the default execution domain, as docker's default profile does.",
  references: ['https://man7.org/linux/man-pages/man2/personality.2.html'],
  examples: [{ good: {}, bad: { attempts: { 'personality-no-randomize': ALLOWED } } }],
  check: (facts) => conclude(tried(facts, WHAT)),
} satisfies ProbeCheck;
