// SPDX-License-Identifier: Apache-2.0
import { type ImageCheck, judgeFiles, ofPath } from './shared/check.ts';

export default {
  id: 'SEC-IMAGE-0017',
  title: 'No file brings capabilities',
  severity: 'medium',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.8', 'CIS-Docker-1.6:5.3'],
  rationale:
    'A program with file capabilities runs with them whoever starts it, as a set-user-ID program does with an id.',
  remediation:
    'Add to the build: RUN setcap -r FILE. It has no effect where no_new_privs is set, as secure does by default.',
  references: ['https://man7.org/linux/man-pages/man7/capabilities.7.html'],
  examples: [
    {
      good: { files: { capable: [] } },
      bad: { files: { capable: [{ path: 'usr/bin/ping', mode: 0o755, uid: 0, gid: 0 }] } },
    },
  ],
  check(facts) {
    return judgeFiles(
      facts,
      facts.files.capable.map(({ path }) => ofPath(facts, path, `/${path} brings capabilities of its own`)),
    );
  },
} satisfies ImageCheck;
