// SPDX-License-Identifier: Apache-2.0
import { type DockerfileCheck, REFERENCE } from './shared/check.ts';
import { problem, shown, verdict } from './shared/problems.ts';
import { isRoot, judgeUser } from './shared/user.ts';

export default {
  id: 'SEC-DOCKERFILE-0024',
  title: 'The user is a number',
  severity: 'low',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.1', 'PSS-Restricted:runAsNonRoot'],
  rationale:
    'What a name means stands in /etc/passwd of the image, which the image may change: an engine cannot tell from a name that the user is not root. Kubernetes refuses to start such an image under runAsNonRoot.',
  remediation: 'End with the id: USER 10001:10001.',
  references: [`${REFERENCE}#user`, 'https://kubernetes.io/docs/concepts/security/pod-security-standards/'],
  examples: [
    { good: 'FROM debian:12\nUSER 10001:10001\n', bad: 'FROM debian:12\nUSER app\n' },
    { good: 'FROM debian:12\nARG WHO=33\nUSER $WHO:app\n', bad: 'FROM debian:12\nARG WHO=www-data\nUSER $WHO:app\n' },
  ],
  check: (facts) =>
    judgeUser(facts, (name, user) => {
      // That it is root is said by another check.
      if (isRoot(name) || /^\d+(?::|$)/.test(name)) return verdict([]);
      return verdict([
        problem(facts, user.region, `USER ${name}`, `the user is the name ${shown(name)}, not a number`),
      ]);
    }),
} satisfies DockerfileCheck;
