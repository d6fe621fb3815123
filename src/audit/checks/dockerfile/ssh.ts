// SPDX-License-Identifier: Apache-2.0
import { type DockerfileCheck, REFERENCE } from './shared/check.ts';
import { exposedPorts } from './shared/ports.ts';
import { problem, verdict } from './shared/problems.ts';

const LOGINS: ReadonlyMap<number, string> = new Map([
  [22, 'ssh'],
  [23, 'telnet'],
  [513, 'rlogin'],
  [3389, 'remote desktop'],
]);

export default {
  id: 'SEC-DOCKERFILE-0014',
  title: 'No remote login is offered',
  severity: 'medium',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:5.7'],
  rationale:
    'A login service in a container is one more thing with accounts, keys and flaws of its own, beside the one that the image is for.',
  remediation: "Remove EXPOSE 22 and the server; use 'secure exec NAME sh' to look inside.",
  references: [`${REFERENCE}#expose`],
  examples: [
    { good: 'FROM debian:12\nEXPOSE 8022\nUSER 1\n', bad: 'FROM debian:12\nEXPOSE 22/tcp\nUSER 1\n' },
    { good: 'FROM debian:12\nEXPOSE 80 443\nUSER 1\n', bad: 'FROM debian:12\nEXPOSE 20-23\nUSER 1\n' },
  ],
  check(facts) {
    const problems = exposedPorts(facts).flatMap(({ text, first, last, region }) => {
      const login = [...LOGINS].find(([number]) => first <= number && number <= last);
      return login === undefined
        ? []
        : [problem(facts, region, `EXPOSE ${text}`, `EXPOSE ${text} is the port of ${login[1]}`)];
    });
    return verdict(problems);
  },
} satisfies DockerfileCheck;
