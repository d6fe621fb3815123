// SPDX-License-Identifier: Apache-2.0
// A recommendation of the benchmark, and what decides it.

export interface Decider {
  /** Id of a check. */
  readonly check: string;
  /** Which of its problems are about this recommendation, by their keys; undefined: all. */
  readonly key?: RegExp;
}
export interface CisRecommendation {
  /** `5.13` */
  readonly id: string;
  /** What has to hold, in our words. */
  readonly title: string;
  /** Where one of them fails it fails. Empty: a person has to look. */
  readonly decided: readonly Decider[];
  /** What a person has to look at where no check decides; empty: nothing. */
  readonly look: string;
}

/** A check by its id, `HOST-0025`, and the keys that count. */
export const by = (id: string, key?: RegExp): Decider => ({
  check: `SEC-${id}`,
  ...(key === undefined ? {} : { key }),
});
export const item = (id: string, title: string, ...decided: readonly Decider[]): CisRecommendation => ({
  ...{ id, title, decided, look: '' },
});
export const person = (id: string, title: string, look: string): CisRecommendation => ({
  id,
  title,
  decided: [],
  look,
});

/** Keys that are one of these paths, with `suffix` after it. */
export function paths(suffix: string, ...names: readonly string[]): RegExp {
  const all = names.map((name) => name.replace(/[.]/g, '\\.')).join('|');
  return new RegExp(`^(?:${all})${suffix}$`);
}
/** The unit of systemd, wherever it lies. */
export const unit = (name: string): string => `/\\S*/systemd/system/${name}`;
