// SPDX-License-Identifier: Apache-2.0
import addLocal from '../dockerfile/add-local.ts';
import type { ImageCheck } from './shared/check.ts';
import { historyVerdict } from './shared/history.ts';

export default {
  id: 'SEC-IMAGE-0023',
  title: 'Its files were copied, not added',
  severity: 'low',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.9'],
  rationale:
    'ADD unpacks what looks like an archive and fetches what looks like an address: who changes a file in the build context decides which of these happens.',
  remediation: 'Use COPY in its build file for files that are at hand, and ADD with --checksum for what is fetched.',
  references: ['https://docs.docker.com/build/building/best-practices/#add-or-copy'],
  examples: [
    {
      good: { history: ['COPY app.conf /etc/app.conf # buildkit'] },
      bad: { history: ['ADD app.conf /etc/app.conf # buildkit'] },
    },
    {
      good: { history: ['/bin/sh -c #(nop) ADD file:0123456789abcdef in / '] },
      bad: { history: ['/bin/sh -c #(nop) ADD file:0123456789abcdef in /app '] },
    },
  ],
  check: (facts) => historyVerdict(facts, [addLocal]),
} satisfies ImageCheck;
