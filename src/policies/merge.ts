// SPDX-License-Identifier: Apache-2.0
// Composition. One rule: a policy may tighten what its parents say, and loosen only within the ceilings that they
// declare. Several parents are taken together at their tightest.
import { CONTROL_NAMES, CONTROLS } from './controls.ts';
import type { Lattice } from './lattice.ts';
import type { ControlName, PartialRun, PolicyFile, SignatureRule, Sourced, Workload } from './types.ts';

/** A file with its parents merged in. A fragment (no `run` anywhere up its chain) has an empty `run`. */
export interface Merged {
  readonly run: PartialRun;
  readonly ceilings: PartialRun;
  readonly workloads: readonly Workload[];
  readonly images: readonly SignatureRule[];
  readonly files: readonly string[];
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
function allowance(name: ControlName, run: Values, ceilings: Values): Sourced<unknown> | undefined {
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
      const own = parent.run[name];
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
    files: parents.flatMap((parent) => parent.files),
  };
}

/**
 * Put a file on top of its parents. `excess` lists what goes beyond them; the merged value is then the parents'.
 * A file's own workloads are checked here, inherited ones when an image matches them: a policy that narrows a ceiling
 * is not wrong because of a recipe that it never uses.
 */
export function mergeOnto(file: PolicyFile, parents: readonly Merged[]): { merged: Merged; excess: readonly Excess[] } {
  const base = meetParents(parents);
  const excess = [...excesses(file.run, base.run, base.ceilings), ...excesses(file.ceilings, base.run, base.ceilings)];
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
  const merged = {
    run: run as PartialRun,
    ceilings: ceilings as PartialRun,
    workloads: [...file.workloads, ...base.workloads],
    // All of them hold, so a file can only ask for more than its parents do.
    images: [...file.images, ...base.images],
    files: [file.policy, ...base.files],
  };
  if (Object.keys(run).length > 0) {
    for (const workload of file.workloads) excess.push(...excesses(workload.grants, merged.run, merged.ceilings));
  }
  return { merged, excess };
}
