// SPDX-License-Identifier: Apache-2.0
// What "looser" means for each kind of control. Everything else about merging follows from these orders.
import type { Limit, Ports } from './types.ts';

export interface Lattice<T> {
  /** Does `value` allow anything that `bound` does not? */
  loosens(bound: T, value: T): boolean;
  /** The loosest that both allow. */
  meet(a: T, b: T): T;
  /** The tightest that allows what either allows. */
  join(a: T, b: T): T;
  show(value: T): string;
  /** A file's own value adds to that of its parents instead of replacing it. */
  readonly accumulates?: true;
}

/** Values from loose to tight. */
export function ranked<T extends string>(...order: readonly T[]): Lattice<T> {
  const rank = (value: T): number => order.indexOf(value);
  return {
    loosens: (bound, value) => rank(value) < rank(bound),
    meet: (a, b) => (rank(a) < rank(b) ? b : a),
    join: (a, b) => (rank(a) < rank(b) ? a : b),
    show: (value) => value,
  };
}

/** A protection: on is tighter. */
export const protection: Lattice<boolean> = {
  loosens: (bound, value) => bound && !value,
  meet: (a, b) => a || b,
  join: (a, b) => a && b,
  show: String,
};

/** A permission: off is tighter. */
export const permission: Lattice<boolean> = {
  loosens: (bound, value) => !bound && value,
  meet: (a, b) => a && b,
  join: (a, b) => a || b,
  show: String,
};

const list = (values: readonly (string | number)[]): string => (values.length === 0 ? 'none' : values.join(', '));
const union = <T>(a: readonly T[], b: readonly T[]): T[] => [...new Set([...a, ...b])];

/** A set of permissions: fewer is tighter. */
export const grants: Lattice<readonly string[]> = {
  loosens: (bound, value) => value.some((name) => !bound.includes(name)),
  meet: (a, b) => a.filter((name) => b.includes(name)),
  join: union,
  show: list,
};

/** A set of refusals: more is tighter, and what a parent refuses stays refused without being repeated. */
export const refusals: Lattice<readonly string[]> = {
  loosens: () => false,
  meet: union,
  join: (a, b) => a.filter((name) => b.includes(name)),
  show: list,
  accumulates: true,
};

/** Is `path` (itself a path or `DIR/**`) within `pattern`? `DIR/**` is DIR's content and DIR itself. */
export function pathWithin(pattern: string, path: string): boolean {
  if (pattern === path) return true;
  if (!pattern.endsWith('/**')) return false;
  const root = pattern.slice(0, -3);
  const inner = path.endsWith('/**') ? path.slice(0, -3) : path;
  return inner === root || inner.startsWith(`${root}/`);
}

const covered = (patterns: readonly string[], path: string): boolean => patterns.some((p) => pathWithin(p, path));

/** Paths and `DIR/**`: covering less is tighter. */
export const paths: Lattice<readonly string[]> = {
  loosens: (bound, value) => value.some((path) => !covered(bound, path)),
  meet: (a, b) =>
    union(
      a.filter((path) => covered(b, path)),
      b.filter((path) => covered(a, path)),
    ),
  join: union,
  show: list,
};

export const ports: Lattice<Ports> = {
  loosens: (bound, value) => bound !== 'any' && (value === 'any' || value.some((port) => !bound.includes(port))),
  meet: (a, b) => (a === 'any' ? b : b === 'any' ? a : a.filter((port) => b.includes(port))),
  join: (a, b) => (a === 'any' || b === 'any' ? 'any' : union(a, b)),
  show: (value) => (value === 'any' ? 'any' : list(value)),
};

const soft = (limit: Limit): number => limit.soft ?? limit.value;

function combine(a: Limit, b: Limit, choose: (...n: number[]) => number, required: boolean): Limit {
  const value = choose(a.value, b.value);
  const low = Math.min(value, choose(soft(a), soft(b)));
  return low === value ? { value, required } : { value, soft: low, required };
}

/** An upper bound: smaller is tighter, and so is insisting on it. */
export const limit: Lattice<Limit> = {
  loosens: (bound, value) =>
    value.value > bound.value || soft(value) > soft(bound) || (bound.required && !value.required),
  meet: (a, b) => combine(a, b, Math.min, a.required || b.required),
  join: (a, b) => combine(a, b, Math.max, a.required && b.required),
  show: (value) => `${value.value === Infinity ? 'unlimited' : value.value}${value.required ? '' : ' (wished)'}`,
};

/** Not a permission: who writes it last decides. */
export const free: Lattice<string> = { loosens: () => false, meet: (a) => a, join: (a) => a, show: (value) => value };
