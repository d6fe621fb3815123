// SPDX-License-Identifier: Apache-2.0
import { fingerprintsOf } from './report/findings.ts';
import type { Audited } from './types.ts';

/** Problems with a mark on those that the baseline had. @param fingerprints of what was open there */
export function applyBaseline(audited: readonly Audited[], fingerprints: ReadonlySet<string>): Audited[] {
  return audited.map((each) => {
    const own = fingerprintsOf(each);
    return {
      ...each,
      results: each.results.map((result) =>
        result.verdict.status === 'fail'
          ? {
              ...result,
              verdict: {
                ...result.verdict,
                problems: result.verdict.problems.map((problem, i) =>
                  fingerprints.has(own.get(result)?.[i] ?? '') ? { ...problem, known: true as const } : problem,
                ),
              },
            }
          : result,
      ),
    };
  });
}
