// SPDX-License-Identifier: Apache-2.0
import { isOpen } from '../../facts/compose/interpolate.ts';
import { unversioned } from '../../references.ts';
import { notApplicable, quoted, unknown } from '../../verdicts.ts';
import { type ComposeCheck, SERVICES, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0018',
  title: 'Images have a version',
  severity: 'medium',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.28', 'CIS-Docker-1.6:4.2', 'NIST-800-190:4.1.5'],
  rationale:
    'What `latest` means changes without anybody here deciding it: two hosts run different programs under one name, and a hijacked tag is taken at once.',
  remediation: 'Name a version and best a digest: registry.example/web:1.4.2@sha256:…',
  references: [`${SERVICES}#image`],
  examples: [
    { good: service('init: true', 'db:16'), bad: service('init: true', 'db') },
    {
      good: service('init: true', 'registry.example:5000/db:16'),
      bad: service('init: true', 'registry.example:5000/db:latest'),
    },
  ],
  check(facts) {
    if (facts.image === '' || facts.build.built) return notApplicable('it is built here');
    if (isOpen(facts.image)) return unknown(`image of ${facts.name} depends on a variable that has no default`);
    const wrong = unversioned(facts.image);
    return wrongs(facts, wrong === undefined ? [] : [['/image', `${quoted(facts.image)} ${wrong}`]]);
  },
} satisfies ComposeCheck;
