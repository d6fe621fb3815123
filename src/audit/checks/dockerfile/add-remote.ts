// SPDX-License-Identifier: Apache-2.0
import { adds, isArchive, isRemote } from './shared/add.ts';
import { type DockerfileCheck, REFERENCE } from './shared/check.ts';
import { problem, shown, verdict } from './shared/problems.ts';

/** A repository at a commit is what it says. */
const GIT_COMMIT = /#[0-9a-f]{40}(?::|$)/;

export default {
  id: 'SEC-DOCKERFILE-0005',
  title: 'ADD fetches nothing unchecked and unpacks nothing',
  severity: 'medium',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.9', 'CIS-Docker-1.6:4.11'],
  rationale:
    'ADD takes what a URL serves on the day of the build, and unpacks a local archive wherever it points, links and owners included.',
  remediation:
    'Give the digest of what is fetched, ADD --checksum=sha256:... URL /path, or RUN curl and sha256sum -c; unpack archives with RUN tar in an earlier stage.',
  references: [`${REFERENCE}#add`],
  examples: [
    {
      good: 'FROM debian:12\nADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.com/x /x\nUSER 1\n',
      bad: 'FROM debian:12\nADD https://example.com/x /x\nUSER 1\n',
    },
    { good: 'FROM debian:12\nCOPY rootfs.tar.gz /\nUSER 1\n', bad: 'FROM debian:12\nADD rootfs.tar.gz /\nUSER 1\n' },
  ],
  check(facts) {
    const problems = adds(facts).flatMap(({ instruction: { flags, region }, source }) => {
      if (isArchive(source))
        return [problem(facts, region, `ADD ${source}`, `ADD unpacks the archive ${shown(source)}`)];
      const isPinned = flags.some(({ name }) => name === 'checksum') || GIT_COMMIT.test(source);
      if (!isRemote(source) || isPinned) return [];
      const url = source.replace(/\/\/[^/@]*@/, '//');
      return [problem(facts, region, `ADD ${url}`, `ADD fetches ${shown(url)} without a checksum`)];
    });
    return verdict(problems);
  },
} satisfies DockerfileCheck;
