// SPDX-License-Identifier: Apache-2.0
import type { EngineResources, HeldConfig, Report } from './config.ts';
import type { EnginePolicy } from './types.ts';

const PERIOD_US = 100_000;
const LONGEST_PERIOD_US = 1_000_000;

/** Absent, 0 and below are no limit. */
const beyond = (value: number | undefined, bound: number): boolean =>
  value === undefined || value <= 0 || value > bound;

/** The limits of the whole container, as far as the policy bounds them. */
export function holdLimits(
  { limits }: EnginePolicy,
  given: EngineResources,
  at: string,
  report: Report,
): Omit<HeldConfig['resources'], 'devices'> {
  let { limit: memory, swap } = given.memory ?? {};
  let pids = given.pids?.limit;
  let { quota, period } = given.cpu ?? {};
  if (limits.memory !== null && beyond(memory, limits.memory)) {
    memory = limits.memory;
    report.tighten('memory', `${at}/memory/limit`, String(memory));
  }
  // Memory and swap together.
  if (limits.memory !== null && beyond(swap, limits.memory)) {
    swap = limits.memory;
    report.tighten('memory', `${at}/memory/swap`, String(swap));
  }
  if (limits.pids !== null && beyond(pids, limits.pids)) {
    pids = limits.pids;
    report.tighten('pids', `${at}/pids/limit`, String(pids));
  }
  if (limits.cpu !== null) {
    const used = period !== undefined && period > 0 && period <= LONGEST_PERIOD_US ? period : PERIOD_US;
    const most = Number((BigInt(limits.cpu) * BigInt(used)) / BigInt(PERIOD_US));
    if (beyond(quota, most)) {
      [quota, period] = [most, used];
      report.tighten('cpus', `${at}/cpu`, `at most ${most} of ${used} us`);
    }
  }
  const bounded = [
    ...(limits.memory === null ? [] : ['memory.']),
    ...(limits.pids === null ? [] : ['pids.']),
    ...(limits.cpu === null ? [] : ['cpu.']),
  ];
  // Files of version 2 by their names would undo what was just set.
  const undone = (name: string): boolean => bounded.some((prefix) => name.startsWith(prefix));
  const unified = Object.keys(given.unified ?? {});
  for (const name of unified.filter(undone)) report.tighten('memory', `${at}/unified/${name}`, 'left out');
  return {
    ...(memory === undefined ? {} : { memory }),
    ...(swap === undefined ? {} : { swap }),
    ...(pids === undefined ? {} : { pids }),
    ...(quota === undefined ? {} : { quota }),
    ...(period === undefined ? {} : { period }),
    unified: unified.filter((name) => !undone(name)),
  };
}
