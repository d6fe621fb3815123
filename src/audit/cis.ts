// SPDX-License-Identifier: Apache-2.0
// What a report says about the CIS Docker Benchmark 1.6.0: each recommendation by the checks that name it. Titles are ours; the text is that of CIS.
import { CHECKS } from './checks/index.ts';
import { outcomeFor, RECOMMENDATIONS } from './cis/decide.ts';
import { type Outcome, WEIGHTS } from './score.ts';
import type { Audited, Result, Severity } from './types.ts';

export const BENCHMARK = 'CIS-Docker-1.6';

const SECTIONS: readonly { readonly id: string; readonly title: string }[] = [
  { id: '1', title: 'Host' },
  { id: '2', title: 'Daemon' },
  { id: '3', title: 'Files of the daemon' },
  { id: '4', title: 'Images and build files' },
  { id: '5', title: 'Containers' },
  { id: '6', title: 'Operations' },
  { id: '7', title: 'Swarm' },
];

export interface CisItem {
  /** `5.13` */
  readonly id: string;
  /** What has to hold. */
  readonly title: string;
  /** What a person has to look at; empty: checks decide it. */
  readonly look: string;
  /** The worst that came of its checks; `not-covered`: nothing that was asked is about it. */
  readonly outcome: Outcome | 'not-covered';
  /** Ids of the checks that are about it. */
  readonly checks: readonly string[];
}

export interface CisSection {
  readonly id: string;
  readonly title: string;
  /**
   * 0 to 100: of the weight of its recommendations that checks decide, the part of those of which nothing is open. The weight of one is that
   * of the most severe check about it, and the whole is always the same, so that one more subject, or one more kind of target, cannot raise
   * it; how many were asked about is told beside it. Null when none applied.
   */
  readonly score: number | null;
  readonly items: readonly CisItem[];
}

const WORST: readonly CisItem['outcome'][] = ['not-covered', 'not-applicable', 'pass', 'unknown', 'fail'];

const SEVERITY: ReadonlyMap<string, Severity> = new Map(
  Object.values(CHECKS)
    .flat()
    .map(({ id, severity }): [string, Severity] => [id, severity]),
);
/** By recommendation; 0 where a person has to look. */
const weightOf: ReadonlyMap<string, number> = new Map(
  RECOMMENDATIONS.map(({ id, decided }): [string, number] => [
    id,
    Math.max(0, ...decided.map(({ check }) => WEIGHTS[SEVERITY.get(check) ?? 'low'])),
  ]),
);

function scoreOf(items: readonly CisItem[]): number | null {
  let [whole, open, applied] = [0, 0, false];
  for (const { id, outcome } of items) {
    const weight = weightOf.get(id) ?? 0;
    whole += weight;
    if (outcome === 'fail' || outcome === 'unknown') open += weight;
    if (weight > 0 && !['not-covered', 'not-applicable'].includes(outcome)) applied = true;
  }
  return applied ? Math.floor((100 * (whole - open)) / whole) : null;
}

/** Every recommendation of sections 1 to 7, in order. */
export function cisCoverage(audited: readonly Audited[]): CisSection[] {
  const results = audited.flatMap((each) => each.results);
  const about = new Map<string, Result[]>();
  for (const result of results)
    for (const framework of result.check.frameworks) {
      const [benchmark, item = ''] = framework.split(':');
      if (benchmark !== BENCHMARK) continue;
      const known = about.get(item);
      if (known === undefined) about.set(item, [result]);
      else known.push(result);
    }
  return SECTIONS.map(({ id, title }) => {
    const items = RECOMMENDATIONS.filter((one) => one.id.startsWith(`${id}.`)).map((one): CisItem => {
      const named = about.get(one.id) ?? [];
      const found = named.map((result) => WORST.indexOf(outcomeFor(one.id, result)));
      return {
        ...{ id: one.id, title: one.title, look: one.look },
        outcome: WORST[Math.max(0, ...found)] ?? 'not-covered',
        checks: [...new Set(named.map(({ check }) => check.id))].sort(),
      };
    });
    return { id, title, score: scoreOf(items), items };
  });
}
