// SPDX-License-Identifier: Apache-2.0
import { type ImageCheck, judge, ofImage } from './shared/check.ts';

export default {
  id: 'SEC-IMAGE-0009',
  title: 'The image is named by a version',
  severity: 'low',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.2', 'NIST-800-190:4.1.5'],
  rationale: 'What latest means changes without anybody here deciding it, and what runs cannot be told from its name.',
  remediation: 'Pull and run it by version, or best by digest: NAME@sha256:...',
  references: ['https://docs.docker.com/build/building/best-practices/#pin-base-image-versions'],
  examples: [{ good: { origin: 'pulled' }, bad: { origin: 'pulled', reference: 'registry.example/app:latest' } }],
  check(facts) {
    if (!facts.reference.endsWith(':latest')) return { status: 'pass' };
    if (facts.origin !== 'pulled')
      return { status: 'not-applicable', why: 'the name was given on this host, and nobody else moves it' };
    return judge([ofImage(facts, 'latest', `${facts.reference} has the tag latest; this one is ${facts.digest}`)]);
  },
} satisfies ImageCheck;
