// SPDX-License-Identifier: Apache-2.0
import { formatBytes } from '../../../runtime/images/format.ts';
import { type ImageCheck, judgeFiles, ofPath } from './shared/check.ts';

export default {
  id: 'SEC-IMAGE-0014',
  title: 'Caches of package managers are not in the image',
  severity: 'low',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.3'],
  rationale:
    'They make the image larger, and out of date: what is installed later in it is what old lists say, with known flaws.',
  remediation:
    'Remove them in the step that made them: rm -rf /var/lib/apt/lists/*, apk add --no-cache, dnf clean all, pip install --no-cache-dir.',
  references: ['https://docs.docker.com/build/building/best-practices/#apt-get'],
  examples: [
    {
      good: { files: { caches: [] } },
      bad: { files: { caches: [{ path: 'var/lib/apt/lists', files: 4, bytes: 40_000_000 }] } },
    },
  ],
  check(facts) {
    return judgeFiles(
      facts,
      facts.files.caches.map(({ path, files, bytes }) =>
        ofPath(facts, path, `/${path} has ${files} ${files === 1 ? 'file' : 'files'}, ${formatBytes(bytes)}`),
      ),
    );
  },
} satisfies ImageCheck;
