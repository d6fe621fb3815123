// SPDX-License-Identifier: Apache-2.0
import { adds, isArchive, isRemote } from './shared/add.ts';
import { BEST_PRACTICES, type DockerfileCheck } from './shared/check.ts';
import { problem, shown, verdict } from './shared/problems.ts';

export default {
  id: 'SEC-DOCKERFILE-0006',
  title: 'Files are copied with COPY',
  severity: 'low',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:4.9'],
  rationale:
    'COPY copies. ADD also fetches and unpacks, depending on what the name or the content happens to be: an archive that a build context is made to contain is unpacked over the image.',
  remediation: 'Write COPY instead of ADD.',
  references: [`${BEST_PRACTICES}#add-or-copy`],
  examples: [{ good: 'FROM debian:12\nCOPY app /app\nUSER 1\n', bad: 'FROM debian:12\nADD app /app\nUSER 1\n' }],
  check(facts) {
    const plain = adds(facts).filter(({ source }) => !isRemote(source) && !isArchive(source));
    return verdict(
      plain.map(({ instruction, source }) =>
        problem(facts, instruction.region, `ADD ${source}`, `${shown(source)} is added with ADD, where COPY does`),
      ),
    );
  },
} satisfies DockerfileCheck;
