// SPDX-License-Identifier: Apache-2.0
// From results of checks to a recommendation: a check that looks at many things decides several, each by its own problems.
import { type Outcome, outcomeOf } from '../score.ts';
import { ANY_KEY, type Result } from '../types.ts';
import { CONTAINERS, IMAGES } from './containers.ts';
import { DAEMON, OPERATIONS, SWARM } from './daemon.ts';
import { FILES, HOST } from './host.ts';
import type { CisRecommendation } from './item.ts';

/** All 117, in the order of the benchmark. */
export const RECOMMENDATIONS: readonly CisRecommendation[] = [
  ...[...HOST, ...DAEMON, ...FILES, ...IMAGES],
  ...[...CONTAINERS, ...OPERATIONS, ...SWARM],
];
const ITEMS: ReadonlyMap<string, CisRecommendation> = new Map(RECOMMENDATIONS.map((one) => [one.id, one]));

/** What one result comes to for one recommendation. */
export function outcomeFor(id: string, result: Result): Outcome {
  const key = ITEMS.get(id)?.decided.find(({ check }) => check === result.check.id)?.key;
  const { verdict } = result;
  if (key === undefined || verdict.status !== 'fail') return outcomeOf(result);
  const about = verdict.problems.filter((one) => one.key === ANY_KEY || key.test(one.key));
  if (about.length > 0) return outcomeOf({ ...result, verdict: { status: 'fail', problems: about } });
  // What could not be looked at is told by its path, of which nothing is known: neither owner nor mode.
  const open = verdict.unseen?.some(
    (path) => path === ANY_KEY || [path, `${path} mode`, `${path} group`].some((one) => key.test(one)),
  );
  return open === true ? 'unknown' : 'pass';
}

const WORST: readonly Outcome[] = ['not-applicable', 'pass', 'unknown', 'fail'];

/** The worst that its checks came to; undefined: none of them was asked. */
export function decide({ id, decided }: CisRecommendation, results: readonly Result[]): Outcome | undefined {
  const asked = results.filter(({ check }) => decided.some((one) => one.check === check.id));
  const found = asked.map((result) => WORST.indexOf(outcomeFor(id, result)));
  return found.length === 0 ? undefined : WORST[Math.max(...found)];
}
