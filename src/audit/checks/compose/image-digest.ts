// SPDX-License-Identifier: Apache-2.0
import { hasDigest } from '../../references.ts';
import { notApplicable, quoted } from '../../verdicts.ts';
import { type ComposeCheck, SERVICES, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0019',
  title: 'Images are named by their digest',
  severity: 'low',
  target: 'compose',
  frameworks: ['NIST-800-190:4.1.5'],
  rationale: 'A tag can be moved to another image between review and start; a digest cannot.',
  remediation: 'Append the digest: registry.example/web:1.4.2@sha256:…, and let a bot raise it.',
  references: [`${SERVICES}#image`],
  examples: [
    {
      good: service('init: true', 'db:16@sha256:abababababababababababababababababababababababababababababababab'),
      bad: service('init: true', 'db:16'),
    },
  ],
  check(facts) {
    if (facts.image === '' || facts.build.built) return notApplicable('it is built here');
    return wrongs(facts, hasDigest(facts.image) ? [] : [['/image', `${quoted(facts.image)} has no digest`]]);
  },
} satisfies ComposeCheck;
