// SPDX-License-Identifier: Apache-2.0
import { type ImageCheck, judge, ofImage } from './shared/check.ts';

export default {
  id: 'SEC-IMAGE-0013',
  title: 'Where the image comes from is known',
  severity: 'medium',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.2', 'CIS-Docker-1.6:4.5', 'NIST-800-190:4.1.5'],
  rationale:
    'An archive says about itself what it likes: its name and its content are whatever who made the file wrote.',
  remediation: 'Build it here, or pull it by digest from the registry of who made it.',
  references: ['https://slsa.dev/spec/v1.0/threats'],
  examples: [{ good: { origin: 'built' }, bad: { origin: 'imported' } }],
  check(facts) {
    if (facts.origin === 'built') return { status: 'pass' };
    if (facts.origin === 'unknown')
      return { status: 'unknown', why: 'its engine does not say whether it was built here or came in an archive' };
    if (facts.origin === 'pulled')
      return { status: 'unknown', why: 'the store does not say whether a signature of it was verified' };
    return judge([ofImage(facts, 'imported', 'the image was imported from a file, and nothing says who made it')]);
  },
} satisfies ImageCheck;
