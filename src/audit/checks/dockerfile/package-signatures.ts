// SPDX-License-Identifier: Apache-2.0

import type { DockerfileCheck } from './shared/check.ts';
import { commandAt, withoutWord } from './shared/edits.ts';
import { signaturesOff } from './shared/insecure.ts';
import { commandProblems } from './shared/problems.ts';

const MANAGERS = /^(?:apt|apt-get|aptitude|apk|yum|dnf|microdnf|zypper|rpm)$/;
const SWITCHES =
  /^--(?:allow-unauthenticated|allow-insecure-repositories|allow-untrusted|nogpgcheck|no-gpg-checks|nosignature|nodigest|noverify|allow-unsigned-rpm)$/;

export default {
  id: 'SEC-DOCKERFILE-0009',
  title: 'Signatures of packages are checked',
  severity: 'high',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.11', 'CIS-Docker-1.6:4.12'],
  rationale:
    'An unsigned package is whatever the mirror, or somebody on the way to it, sends; it is installed as root.',
  remediation:
    "Remove the switch and give the repository's key: [signed-by=/usr/share/keyrings/NAME.gpg] of apt, /etc/apk/keys, rpm --import.",
  references: ['https://manpages.debian.org/bookworm/apt/apt-secure.8.en.html'],
  examples: [
    {
      good: 'FROM debian:12\nRUN apt-get install -y x\nUSER 1\n',
      bad: 'FROM debian:12\nRUN apt-get install -y --allow-unauthenticated x\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN apk add x\nUSER 1\n',
      bad: 'FROM debian:12\nRUN apk add --allow-untrusted x\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN dnf install -y x\nUSER 1\n',
      bad: 'FROM debian:12\nRUN dnf install -y --nogpgcheck x\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN rpm -i x.rpm\nUSER 1\n',
      bad: 'FROM debian:12\nRUN rpm -i --nosignature x.rpm\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN echo "deb [signed-by=/k.gpg] https://example.com x main" > /etc/apt/sources.list.d/x.list\nUSER 1\n',
      bad: 'FROM debian:12\nRUN echo "deb [trusted=yes] https://example.com x main" > /etc/apt/sources.list.d/x.list\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nRUN echo "deb [ trusted=yes ] file:/x ./" > /etc/apt/sources.list.d/x.list\nUSER 1\n',
      bad: 'FROM debian:12\nRUN echo "deb [ trusted=yes ] http://x ./" > /etc/apt/sources.list.d/x.list\nUSER 1\n',
    },
    {
      good: 'FROM fedora:42\nRUN sed -i s/gpgcheck=0/gpgcheck=1/ /etc/yum.repos.d/x.repo\nUSER 1\n',
      bad: 'FROM fedora:42\nRUN sed -i s/gpgcheck=1/gpgcheck=0/ /etc/yum.repos.d/x.repo\nUSER 1\n',
    },
  ],
  check(facts) {
    return commandProblems(facts, (command) => {
      const part = signaturesOff(command);
      return part === undefined ? undefined : `packages are installed without their signature: ${part}`;
    });
  },
  fix: {
    does: 'Removes the switch from apt-get, apk, dnf, yum, zypper and rpm.',
    risk: 'the build fails where packages are not signed, or their key is not in the image',
    edits(facts, { location: { region } }, text) {
      const { command } = commandAt(facts, region) ?? {};
      if (command === undefined || !MANAGERS.test(command.name)) return [];
      return command.args.filter(({ value }) => SWITCHES.test(value)).map((arg) => withoutWord(text, arg.region));
    },
  },
} satisfies DockerfileCheck;
