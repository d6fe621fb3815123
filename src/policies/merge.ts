// SPDX-License-Identifier: Apache-2.0
// Composition. One rule: a policy may tighten what its parents say, and loosen only within the ceilings that they
// declare. Several parents are taken together at their tightest.
import { CONTROL_NAMES, CONTROLS } from './controls.ts';
import type { Lattice } from './lattice.ts';
import { meetParameters } from './rules/parameters.ts';
import type { RuleBook } from './rules/types.ts';
import type { ControlName, Grant, PartialRun, PolicyFile, SignatureRule, Source, Sourced, Workload } from './types.ts';

/** A file with its parents merged in. A fragment (no `run` anywhere up its chain) has an empty `run`. */
export interface Merged {
  readonly run: PartialRun;
  readonly ceilings: PartialRun;
  readonly workloads: readonly Workload[];
  readonly images: readonly SignatureRule[];
  readonly book: RuleBook;
  readonly grants: readonly Grant[];
  readonly files: readonly string[];
}

/** All rules of all of them; one file that is extended on two ways is one. What is said about exceptions holds at its tightest. */
export function mergedBooks(books: readonly RuleBook[]): RuleBook {
  const unique = <T extends { readonly by: Source }>(items: readonly T[]) => [
    ...new Map(items.map((item) => [`${item.by.policy}:${item.by.line}:${item.by.column}`, item])).values(),
  ];
  const days = books.flatMap(({ exceptionDays }) => exceptionDays ?? []);
  return {
    rules: unique(books.flatMap(({ rules }) => rules)),
    exceptions: unique(books.flatMap(({ exceptions }) => exceptions)),
    parameters: meetParameters(books.map(({ parameters }) => parameters)),
    ...(days.length === 0 ? {} : { exceptionDays: Math.min(...days) }),
  };
}

/** A value beyond what its parents allow. Both places are named, since either may be the one to change. */
export interface Excess {
  readonly control: ControlName;
  readonly value: Sourced<unknown>;
  readonly shown: string;
  readonly bound: Sourced<unknown>;
  readonly boundShown: string;
}

type Values = Record<string, Sourced<unknown> | undefined>;
const latticeOf = (name: ControlName): Lattice<unknown> => CONTROLS[name].lattice as Lattice<unknown>;

/** The loosest value of a control below a policy: its own, or its ceiling where that is looser. */
export function allowance(name: ControlName, run: Values, ceilings: Values): Sourced<unknown> | undefined {
  const own = run[name];
  const ceiling = ceilings[name];
  if (own === undefined || ceiling === undefined) return own ?? ceiling;
  const value = latticeOf(name).join(own.value, ceiling.value);
  return { value, by: ceiling.by };
}

/** Every grant that goes beyond `run` and `ceilings`. */
export function excesses(grants: PartialRun, run: PartialRun, ceilings: PartialRun): Excess[] {
  return CONTROL_NAMES.flatMap((control): Excess[] => {
    const lattice = latticeOf(control);
    const value = grants[control];
    const bound = allowance(control, run, ceilings);
    if (value === undefined || bound === undefined || !lattice.loosens(bound.value, value.value)) return [];
    return [{ control, value, shown: lattice.show(value.value), bound, boundShown: lattice.show(bound.value) }];
  });
}

/** What `values` say beyond `run`. */
export function grantsOf(values: PartialRun, run: PartialRun): Grant[] {
  return CONTROL_NAMES.flatMap((control): Grant[] => {
    const [own, before] = [values[control], run[control]];
    const lattice = latticeOf(control);
    if (own === undefined || before === undefined || !lattice.loosens(before.value, own.value)) return [];
    return [{ control, shown: lattice.show(own.value), by: own.by }];
  });
}

/** The tighter of two, with the line that made it so. */
function tighter(name: ControlName, a: Sourced<unknown>, b: Sourced<unknown>): Sourced<unknown> {
  const lattice = latticeOf(name);
  const value = lattice.meet(a.value, b.value);
  return { value, by: lattice.loosens(value, a.value) ? b.by : a.by };
}

function meetParents(parents: readonly Merged[]): Merged {
  const run: Values = {};
  const ceilings: Values = {};
  for (const parent of parents) {
    for (const name of CONTROL_NAMES) {
      // One that gives nothing itself and says how far others may go bounds what comes from its neighbours as well.
      const own = parent.run[name] ?? parent.ceilings[name];
      if (own === undefined) continue;
      const before = run[name];
      const bound = allowance(name, parent.run, parent.ceilings) ?? own;
      const earlier = ceilings[name];
      run[name] = before === undefined ? own : tighter(name, before, own);
      ceilings[name] = earlier === undefined ? bound : tighter(name, earlier, bound);
    }
  }
  return {
    run: run as PartialRun,
    ceilings: ceilings as PartialRun,
    workloads: parents.flatMap((parent) => parent.workloads),
    images: parents.flatMap((parent) => parent.images),
    book: mergedBooks(parents.map(({ book }) => book)),
    // What a neighbour takes back is not granted any more.
    grants: parents.flatMap((parent) => parent.grants).filter(({ control, by }) => run[control]?.by === by),
    files: parents.flatMap((parent) => parent.files),
  };
}

/** An image that needs no signature is one that is accepted as it comes, which its parents have to allow. */
const exemptions = (images: readonly SignatureRule[]): PartialRun[] =>
  images
    .filter(({ verdict }) => verdict === 'nothing')
    .map(({ by }) => ({ 'origins.pulled': { value: 'accept', by } }));

/**
 * Put a file on top of its parents. `excess` lists what goes beyond them; the merged value is then the parents'.
 * A file's own workloads are checked here, inherited ones when an image matches them: a policy that narrows a ceiling
 * is not wrong because of a recipe that it never uses.
 */
export function mergeOnto(file: PolicyFile, parents: readonly Merged[]): { merged: Merged; excess: readonly Excess[] } {
  const base = meetParents(parents);
  const excess = [
    ...excesses(file.run, base.run, base.ceilings),
    ...excesses(file.ceilings, base.run, base.ceilings),
    ...exemptions(file.images).flatMap((grant) => excesses(grant, base.run, base.ceilings)),
  ];
  const run: Values = { ...base.run };
  // What a file sets it also bounds, unless it declares a ceiling for it.
  const ceilings: Values = { ...base.ceilings, ...file.run, ...file.ceilings };
  for (const name of CONTROL_NAMES) {
    const own = file.run[name];
    if (own === undefined) continue;
    const before = run[name];
    const lattice = latticeOf(name);
    const adds = lattice.accumulates === true && before !== undefined;
    run[name] = adds ? { value: lattice.meet(before.value, own.value), by: own.by } : own;
  }
  const grants = grantsOf(file.run, base.run);
  const merged = {
    run: run as PartialRun,
    ceilings: ceilings as PartialRun,
    workloads: [...file.workloads, ...base.workloads],
    // All of them hold, so a file can only ask for more than its parents do.
    images: [...file.images, ...base.images],
    book: mergedBooks([file.book, base.book]),
    grants: [...base.grants.filter(({ control }) => file.run[control] === undefined), ...grants],
    files: [file.policy, ...base.files],
  };
  if (Object.keys(run).length > 0) {
    for (const workload of file.workloads) excess.push(...excesses(workload.grants, merged.run, merged.ceilings));
  }
  return { merged, excess };
}
