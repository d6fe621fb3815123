// SPDX-License-Identifier: Apache-2.0
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = {
  keyctl: 'keyctl(2) is answered',
  'add-key': 'add_key(2) is answered',
};

export default {
  id: 'SEC-PROBE-0010',
  title: 'Keyrings of the kernel are out of reach',
  severity: 'medium',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'Keys know no container: those of a user id belong to every process of that id, in each container that does not map it (CVE-2016-0728, CVE-2014-9529).',
  remediation: 'Use a filter that refuses add_key(2), keyctl(2) and request_key(2).',
  references: [
    'https://man7.org/linux/man-pages/man7/keyrings.7.html',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2016-0728',
  ],
  examples: [{ good: {}, bad: { attempts: { keyctl: ALLOWED } } }],
  check: (facts) => conclude(tried(facts, WHAT)),
} satisfies ProbeCheck;
