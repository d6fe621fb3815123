// SPDX-License-Identifier: Apache-2.0
import updateAlone from '../dockerfile/update-alone.ts';
import type { ImageCheck } from './shared/check.ts';
import { historyVerdict } from './shared/history.ts';

export default {
  id: 'SEC-IMAGE-0022',
  title: 'Its package lists were fetched where packages were installed',
  severity: 'low',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.7'],
  rationale:
    'The layer of a lone update is kept by who builds: later builds install from lists of months ago, and so the versions of months ago, with their flaws.',
  remediation:
    'Join them in its build file: RUN apt-get update && apt-get install -y --no-install-recommends PACKAGE && rm -rf /var/lib/apt/lists/*.',
  references: ['https://docs.docker.com/build/building/best-practices/#apt-get'],
  examples: [
    {
      good: { history: ['RUN /bin/sh -c apt-get update && apt-get install -y x # buildkit'] },
      bad: { history: ['RUN /bin/sh -c apt-get update # buildkit'] },
    },
  ],
  check: (facts) => historyVerdict(facts, [updateAlone]),
} satisfies ImageCheck;
