// SPDX-License-Identifier: Apache-2.0
import { type ImageCheck, judgeFiles, octal, ofPath } from './shared/check.ts';

export default {
  id: 'SEC-IMAGE-0003',
  title: 'Nothing but temporary directories can be written by everybody',
  severity: 'medium',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.8'],
  rationale:
    'Whoever runs in the container changes what others in it read or run; without the sticky bit a directory lets them replace files of others.',
  remediation: 'Add to the build: RUN chmod o-w FILE; for a shared directory chmod 1777 DIRECTORY.',
  references: ['https://cwe.mitre.org/data/definitions/732.html'],
  examples: [
    {
      good: { files: { writable: [] } },
      bad: { files: { writable: [{ path: 'app/run.sh', mode: 0o777, uid: 0, gid: 0, directory: false }] } },
    },
  ],
  check(facts) {
    return judgeFiles(
      facts,
      facts.files.writable.map(({ path, mode, directory }) =>
        ofPath(facts, path, `everybody may write ${directory ? 'the directory ' : ''}/${path} (${octal(mode)})`),
      ),
    );
  },
} satisfies ImageCheck;
