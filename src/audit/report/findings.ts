// SPDX-License-Identifier: Apache-2.0
// What every format shows: problems, worst first, each with a fingerprint that survives the next audit.
import { createHash } from 'node:crypto';
import { type AnyCheck, type Audited, type Problem, type Report, type Result, SEVERITIES } from '../types.ts';

export interface Finding {
  readonly audited: Audited;
  readonly check: AnyCheck;
  readonly problem: Problem;
  /** It is told, and does not count. */
  readonly advisory: boolean;
  /** 16 hex digits of a hash over check, target and key, and which one of those with the same: `89ab…:1`. */
  readonly fingerprint: string;
}

const rank = ({ severity, id }: AnyCheck): string => `${SEVERITIES.indexOf(severity)} ${id}`;

/** Worst first, then by id. */
export function bySeverity(a: { readonly check: AnyCheck }, b: { readonly check: AnyCheck }): number {
  const [left, right] = [rank(a.check), rank(b.check)];
  return left === right ? 0 : left < right ? -1 : 1;
}

/** Problems of one audited thing, worst first. */
export function findingsOf(audited: Audited): Finding[] {
  const fingerprints = fingerprintsOf(audited);
  return audited.results.toSorted(bySeverity).flatMap((result) => {
    const { check, verdict, advisory = false } = result;
    return (verdict.status === 'fail' ? verdict.problems : []).map((problem, i) => {
      const fingerprint = fingerprints.get(result)?.[i] ?? '';
      return { audited, check, problem, advisory, fingerprint };
    });
  });
}

/** The fingerprints of each result's problems, in their order. One problem may stand in several results. */
export function fingerprintsOf({ uri, results }: Audited): Map<Result, readonly string[]> {
  const seen = new Map<string, number>();
  return new Map(
    results.toSorted(bySeverity).map((result) => {
      const problems = result.verdict.status === 'fail' ? result.verdict.problems : [];
      const own = problems.map(({ key }) => {
        const identity = JSON.stringify([result.check.id, uri, key]);
        const hash = createHash('sha256').update(identity).digest('hex').slice(0, 16);
        const nth = (seen.get(hash) ?? 0) + 1;
        seen.set(hash, nth);
        return `${hash}:${nth}`;
      });
      return [result, own];
    }),
  );
}

/** Problems of all that was audited, worst first. */
export function findings({ audited }: Report): Finding[] {
  return audited.flatMap(findingsOf).sort(bySeverity);
}

/** Every check that ran, once, by id. */
export function checksOf({ audited }: Report): AnyCheck[] {
  const checks = new Map(audited.flatMap(({ results }) => results.map(({ check }) => [check.id, check])));
  return [...checks.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** What could not be decided and why: never counted as passed, so never left out. */
export function undecided({ results }: Audited): { readonly check: AnyCheck; readonly why: string }[] {
  return results.flatMap(({ check, verdict }: Result) =>
    verdict.status === 'unknown' ? [{ check, why: verdict.why }] : [],
  );
}

/** `/etc/passwd:3:5`, or the name of what has no place in a file; '' when the message or the heading above it says it. */
export function place({ name }: Audited, { location, message }: Problem): string {
  const { logical, region } = location;
  if (region !== undefined) return `${logical}:${region.startLine}:${region.startColumn}`;
  // Files of an image are called `IMAGE /PATH`, and stand below a heading with the image.
  const own = logical.startsWith(`${name} /`) ? logical.slice(name.length + 1) : logical;
  return own === name || message.startsWith(own) || (own.startsWith('/') && message.includes(`${own} `)) ? '' : own;
}
