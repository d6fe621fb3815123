// SPDX-License-Identifier: Apache-2.0
import { type ImageCheck, judge, ofImage } from './shared/check.ts';

const DAYS = 183;

export default {
  id: 'SEC-IMAGE-0015',
  title: 'The image was built in the last half year',
  severity: 'low',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.4', 'NIST-800-190:4.1.1'],
  rationale:
    'What was installed then has the flaws that have become known since; only a new build takes the corrections.',
  remediation: 'Build or pull it again, and let that happen on its own every week.',
  references: ['https://docs.docker.com/build/building/best-practices/#rebuild-your-images-often'],
  examples: [{ good: { created: '2026-05-01T00:00:00Z' }, bad: { created: '2025-05-01T00:00:00Z' } }],
  check(facts) {
    if (facts.created === null) return { status: 'unknown', why: 'the image does not say when it was built' };
    const days = Math.floor((Date.parse(facts.collected) - Date.parse(facts.created)) / 86_400_000);
    const date = facts.created.slice(0, 10);
    return judge(days > DAYS ? [ofImage(facts, 'age', `the image was built on ${date}, ${days} days ago`)] : []);
  },
} satisfies ImageCheck;
