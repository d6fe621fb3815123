// SPDX-License-Identifier: Apache-2.0

import { credentialIn, secretIn } from '../../secrets.ts';
import type { Problem } from '../../types.ts';
import { type ImageCheck, judge, ofImage } from './shared/check.ts';

const distinct = (problems: readonly Problem[]) => [...new Map(problems.map((one) => [one.key, one])).values()];

/** Build arguments, `|2 A=1 B=2 /bin/sh -c ...`, and what ENV and ARG set. */
function assignments(step: string): [string, string][] {
  const text = step.slice(0, 65_536);
  const [, count, rest = ''] = /^(?:RUN )?\|(\d{1,3}) ([\s\S]*)$/.exec(text) ?? [];
  const [, set] = /^(?:\/bin\/sh -c #\(nop\)\s+)?(?:ENV|ARG) ([\s\S]*)$/.exec(text) ?? [];
  const words = count !== undefined ? rest.split(' ', Number(count)) : set === undefined ? [] : [set.trim()];
  return words.flatMap((word) => {
    const equals = word.indexOf('=');
    return equals < 1 ? [] : [[word.slice(0, equals), word.slice(equals + 1)] as [string, string]];
  });
}

export default {
  id: 'SEC-IMAGE-0005',
  title: 'No secret stands in the history',
  severity: 'critical',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.10', 'NIST-800-190:4.1.4'],
  rationale:
    'The history keeps the text of each build step with the values of its build arguments; it is part of the image.',
  remediation:
    'Replace the secret, which is known by now, and build again with RUN --mount=type=secret,id=NAME instead of ARG.',
  references: ['https://docs.docker.com/build/building/secrets/'],
  examples: [
    {
      good: { history: ['RUN |1 VERSION=1.2 /bin/sh -c make # buildkit'] },
      bad: { history: ['RUN |1 NPM_TOKEN=hunter2 /bin/sh -c make # buildkit'] },
    },
    {
      good: { history: ['RUN /bin/sh -c git clone https://example.com/x # buildkit'] },
      bad: { history: ['RUN /bin/sh -c git clone https://bot:s3cr3tw0rd@example.com/x # buildkit'] },
    },
  ],
  check(facts) {
    if (facts.history.length === 0) return { status: 'not-applicable', why: 'the image has no history' };
    const problems = facts.history.flatMap((step, i) => {
      const form = credentialIn(step);
      if (form !== undefined)
        return [ofImage(facts, `step ${i + 1}: ${form}`, `step ${i + 1} of the history contains ${form}`)];
      return assignments(step).flatMap(([name, value]) => {
        const why = secretIn(name, value);
        return why === undefined
          ? []
          : [ofImage(facts, `step ${i + 1}: ${name}`, `step ${i + 1} of the history sets ${name}: ${why}`)];
      });
    });
    return judge(distinct(problems));
  },
} satisfies ImageCheck;
