// SPDX-License-Identifier: Apache-2.0
import { isOpen } from '../../facts/compose/interpolate.ts';
import { notApplicable, quoted, unknown } from '../../verdicts.ts';
import { type ComposeCheck, SERVICES, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0011',
  title: 'No service is made to run as root',
  severity: 'high',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:4.1', 'PSS-Restricted:runAsUser', 'NIST-800-190:4.4.3'],
  rationale:
    'Root in a container without a user namespace is root of the host to every file and every system call that isolation forgets.',
  remediation: 'Set `user` to a number that is not 0, or leave it out and build the image with a USER.',
  references: [`${SERVICES}#user`],
  examples: [
    { good: service('user: "1000:1000"'), bad: service('user: "0:1000"') },
    { good: service('user: web'), bad: service('user: root') },
  ],
  check(facts) {
    const [name = ''] = facts.user.split(':');
    if (name === '') return notApplicable('the image says as whom it runs: secure audit image');
    if (isOpen(name)) return unknown(`user of ${facts.name} depends on a variable that has no default`);
    return wrongs(
      facts,
      name === 'root' || /^0+$/.test(name) ? [['/user', `user is ${quoted(facts.user)}: it runs as root`]] : [],
    );
  },
} satisfies ComposeCheck;
