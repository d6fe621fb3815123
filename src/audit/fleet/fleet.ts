// SPDX-License-Identifier: Apache-2.0
// Many reports as one, each looked at once and let go: what is kept grows with the checks and, by a line, with the reports.
import { SecureError } from '../../errors.ts';
import { CHECKS } from '../checks/index.ts';
import { reportScore } from '../score.ts';
import type { StoredReport } from '../stored.ts';
import { type AnyCheck, type Audited, type Member, type Report, SEVERITIES, TARGETS, type Target } from '../types.ts';
import { NAMED, named, plural, Tally } from './tally.ts';

/** Different checks in all of them; ours are some hundreds, and each policy has its own. */
const MAX_CHECKS = 20_000;

/** What a report may not say of a check of ours: a node that was taken over would call it harmless. */
const OURS: ReadonlyMap<string, AnyCheck> = new Map(
  Object.values(CHECKS)
    .flat()
    .map((check): [string, AnyCheck] => [check.id, check]),
);

/** Collects reports. */
export class Fleet {
  readonly #tallies = new Map<Target, Map<string, Tally>>();
  readonly #members: Member[] = [];
  readonly #unreadable: { file: string; message: string }[] = [];
  #checks = 0;

  #tally(target: Target, check: AnyCheck, file: string): Tally {
    const of = this.#tallies.get(target) ?? new Map<string, Tally>();
    this.#tallies.set(target, of);
    const known = of.get(check.id);
    if (known !== undefined) {
      // Two policies may have a rule of this name: the worse severity counts.
      if (SEVERITIES.indexOf(check.severity) < SEVERITIES.indexOf(known.check.severity) && !OURS.has(check.id))
        known.check = check;
      return known;
    }
    this.#checks += 1;
    if (this.#checks > MAX_CHECKS)
      throw new SecureError('LIMIT_EXCEEDED', `${file}: the reports have more than ${MAX_CHECKS} different checks`, {
        hint: 'merge reports of fewer policies at once',
      });
    const tally = new Tally(OURS.get(check.id) ?? check);
    of.set(check.id, tally);
    return tally;
  }

  /** @param file where it is from; its name stands for a report without a host. @throws SecureError LIMIT_EXCEEDED */
  add(report: StoredReport, file: string): void {
    const name = report.audited.find(({ target }) => target === 'host')?.name ?? file;
    for (const target of TARGETS) {
      const results = report.audited.filter((each) => each.target === target).flatMap((each) => each.results);
      for (const [, same] of Map.groupBy(results, ({ check }) => check.id)) {
        const [first] = same;
        if (first !== undefined) this.#tally(target, first.check, file).add(same, name, file);
      }
    }
    const { generated, product } = report;
    this.#members.push({ name, file, generated, product, score: reportScore(report.audited) });
  }

  /** A file that is no report: told, and never counted as one that is in order. */
  unreadable(file: string, message: string): void {
    this.#unreadable.push({ file, message });
  }

  /** What all reports come to: a section for each kind of target, in which a check counts once. */
  report(product: string, now: Date = new Date()): Report {
    const reports = this.#members.length;
    const audited = [...this.#tallies].map(([target, tallies]): Audited => {
      const results = [...tallies.values()].map((tally) => tally.result(reports));
      results.sort((a, b) => (a.check.id < b.check.id ? -1 : 1));
      return { target, name: plural(reports), uri: `fleet/${target}`, results };
    });
    audited.sort((a, b) => TARGETS.indexOf(a.target) - TARGETS.indexOf(b.target));
    const rank = ({ score }: Member): number => score ?? -1;
    const members = this.#members.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
    const versions = new Set(members.map((member) => member.product));
    const twice = [...Map.groupBy(members, ({ name }) => name)].filter(([, same]) => same.length > 1);
    const notes = [
      ...(versions.size < 2
        ? []
        : [
            `the reports are of versions ${[...versions].sort().slice(0, NAMED).join(', ')}, which may ask different things`,
          ]),
      ...(twice.length === 0
        ? []
        : [
            `several reports are of one host: ${named(
              twice.slice(0, NAMED).map(([name]) => name),
              twice.length,
            )}`,
          ]),
      ...(this.#unreadable.length === 0
        ? []
        : [`${this.#unreadable.length} of ${plural(reports + this.#unreadable.length)} could not be read`]),
    ];
    return {
      ...{ product, generated: now.toISOString(), audited, ...(notes.length === 0 ? {} : { notes }) },
      fleet: { members, unreadable: this.#unreadable },
    };
  }
}
