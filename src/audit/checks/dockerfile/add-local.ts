// SPDX-License-Identifier: Apache-2.0

import { adds, isArchive, isRemote } from './shared/add.ts';
import { BEST_PRACTICES, type DockerfileCheck } from './shared/check.ts';
import { instructionAt, replaceAt, span } from './shared/edits.ts';
import { problem, shown, verdict } from './shared/problems.ts';

/** Flags that COPY has, too. */
const SHARED: ReadonlySet<string> = new Set(['chown', 'chmod', 'link', 'exclude']);
/** Directories, and files whose names say what they are: ADD looks at the content, which is not here. */
const isNoArchive = (source: string): boolean =>
  /(?:^|\/)\.{0,2}\/?$/.test(source) ||
  /[^/]\.(?:c|cc|cfg|conf|cpp|crt|css|go|h|html?|ini|jar|java|js|json|jsx|lock|md|mjs|php|pl|properties|proto|py|rb|rs|service|sh|sql|svg|toml|ts|tsx|txt|war|xml|ya?ml)$/i.test(
    source,
  );

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
  fix: {
    does: 'Writes COPY instead of ADD, where no source is an archive or fetched.',
    edits(facts, { location: { region } }, text) {
      const add = instructionAt(facts, region);
      const own = adds(facts).filter(({ instruction }) => instruction === add);
      if (add === undefined || add.flags.some(({ name }) => !SHARED.has(name))) return [];
      if (own.some(({ source }) => isRemote(source) || isArchive(source))) return [];
      const { start } = span(text, add.region);
      const [, before = '', keyword] = /^(onbuild[ \t]+)?(add)(?=[ \t])/i.exec(text.slice(start, start + 100)) ?? [];
      if (keyword === undefined) return [];
      const from = start + before.length;
      const certain = add.expanded.slice(0, -1).every((source) => source !== undefined && isNoArchive(source));
      return [
        {
          ...replaceAt(from, from + keyword.length, keyword === 'add' ? 'copy' : 'COPY'),
          ...(certain ? {} : { risk: 'a file that is an archive, whatever its name says, is not unpacked any more' }),
        },
      ];
    },
  },
} satisfies DockerfileCheck;
