// SPDX-License-Identifier: Apache-2.0

import { option } from '../../../runtime/images/dockerfile/fetch.ts';
import type { DockerfileCheck } from './shared/check.ts';
import { commandProblems } from './shared/problems.ts';

export default {
  id: 'SEC-DOCKERFILE-0019',
  title: 'No account gets a password',
  severity: 'high',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.10'],
  rationale:
    'A password that stands in a build is the same in every container made from the image, and everybody who may pull it knows it.',
  remediation: 'Leave accounts locked, as useradd makes them; log in by starting a program in the container.',
  references: ['https://cwe.mitre.org/data/definitions/259.html'],
  examples: [
    { good: 'FROM debian:12\nRUN useradd app\nUSER 1\n', bad: 'FROM debian:12\nRUN useradd -p abc app\nUSER 1\n' },
    { good: 'FROM debian:12\nRUN cat x\nUSER 1\n', bad: 'FROM debian:12\nRUN chpasswd < x\nUSER 1\n' },
    { good: 'FROM debian:12\nRUN passwd -l root\nUSER 1\n', bad: 'FROM debian:12\nRUN passwd -d root\nUSER 1\n' },
    {
      good: 'FROM debian:12\nRUN usermod -L app\nUSER 1\n',
      bad: 'FROM debian:12\nRUN usermod --password x app\nUSER 1\n',
    },
  ],
  check(facts) {
    return commandProblems(facts, (command) => {
      const { name, args } = command;
      if (name === 'chpasswd') return 'chpasswd gives accounts a password';
      if (name === 'passwd') {
        const removes = args.some(({ value }) => value === '--delete' || /^-[a-z]*d[a-z]*$/.test(value));
        if (removes) return 'passwd -d makes an account that needs no password';
        return args.some(({ value }) => value === '--stdin') ? 'passwd --stdin gives an account a password' : undefined;
      }
      if (name !== 'useradd' && name !== 'usermod') return undefined;
      const password = option(command, 'p', ['password']);
      return password === undefined || /^[!*]/.test(password) ? undefined : `${name} gives an account a password`;
    });
  },
} satisfies DockerfileCheck;
