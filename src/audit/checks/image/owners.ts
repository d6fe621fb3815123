// SPDX-License-Identifier: Apache-2.0
import { type ImageCheck, judgeFiles, ofPath } from './shared/check.ts';

export default {
  id: 'SEC-IMAGE-0018',
  title: 'Files belong to accounts of the image',
  severity: 'low',
  target: 'image',
  frameworks: [],
  rationale:
    'An id that no account has is given to the next account that is made, in this image or one built on it: its files then belong to somebody they were not meant for.',
  remediation: 'Give them to an account: COPY --chown=app, or RUN useradd --uid ID before.',
  references: ['https://man7.org/linux/man-pages/man5/passwd.5.html'],
  examples: [
    {
      good: { files: { strangers: [] } },
      bad: { files: { strangers: [{ uid: 501, files: 3, example: 'app/main.js' }] } },
    },
  ],
  check(facts) {
    if (facts.accounts === null) return { status: 'unknown', why: 'the accounts of the image cannot be read' };
    if (facts.accounts.length === 0) return { status: 'not-applicable', why: 'the image has no accounts' };
    // The id that the image runs as needs no account: most images without one are that way.
    const own = facts.config.user.split(':')[0];
    return judgeFiles(
      facts,
      facts.files.strangers
        .filter(({ uid }) => String(uid) !== own)
        .map(({ uid, files, example }) =>
          ofPath(
            facts,
            example,
            `${files} ${files === 1 ? 'file belongs' : 'files belong'} to the id ${uid}, which no account has, such as /${example}`,
            String(uid),
          ),
        ),
    );
  },
} satisfies ImageCheck;
