// SPDX-License-Identifier: Apache-2.0
// Problems that a comment of the file takes back, and comments that take back nothing.
import type { DockerfileFacts, Ignore } from './facts/dockerfile.ts';
import type { Problem, Result, Verdict } from './types.ts';
import { notApplicable, quoted } from './verdicts.ts';

/** The check that asks how comments are written; it can be ignored by none. */
const OWN = 'SEC-DOCKERFILE-0021';

const covers = ({ about }: Ignore, { location: { region } }: Problem): boolean =>
  about === undefined || (region !== undefined && region.startLine >= about.from && region.startLine <= about.to);

/** What is left of results when the comments of the file have been heard. */
export function withoutIgnored(results: readonly Result[], facts: DockerfileFacts): Result[] {
  const valid = facts.ignores.filter(({ wrong }) => wrong === undefined);
  const used = new Set<Ignore>();
  const left = results.map((result): Result => {
    const { check, verdict } = result;
    if (verdict.status !== 'fail' || check.id === OWN) return result;
    const mine = valid.filter(({ ids }) => ids.includes(check.id));
    const problems = verdict.problems.filter((problem) => {
      const by = mine.find((ignore) => covers(ignore, problem));
      if (by !== undefined) used.add(by);
      return by === undefined;
    });
    if (problems.length > 0) return { ...result, verdict: { status: 'fail', problems } };
    const [by] = mine.filter((ignore) => used.has(ignore));
    return {
      ...result,
      verdict: notApplicable(`ignored until ${by?.until}, line ${by?.region.startLine}: ${quoted(by?.reason)}`),
    };
  });
  const unused = valid
    .filter((ignore) => !used.has(ignore))
    .map(
      ({ ids, region }): Problem => ({
        key: `unused ${ids.join()}`,
        message: `nothing is ignored by this comment: ${ids.join(', ')} ${ids.length === 1 ? 'finds' : 'find'} nothing here`,
        location: { logical: facts.name, region },
      }),
    );
  if (unused.length === 0) return left;
  return left.map((result) => {
    if (result.check.id !== OWN) return result;
    const wrong = result.verdict.status === 'fail' ? result.verdict.problems : [];
    return { ...result, verdict: { status: 'fail', problems: [...wrong, ...unused] } satisfies Verdict };
  });
}
