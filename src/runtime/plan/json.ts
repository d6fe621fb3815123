// SPDX-License-Identifier: Apache-2.0
// The text of a plan. JSON.stringify writes every number right but one.
import type { Plan, Rlimit } from './spec.ts';

/** RLIM_INFINITY of getrlimit(2) is 2^64-1, which no double is: in memory the next one stands for it. */
export const RLIM_INFINITY = 2 ** 64;

/** ES2026, in Node since 21; the compiler does not know it yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): number };

const exact = (value: number): number => (value >= RLIM_INFINITY ? rawJSON('18446744073709551615') : value);
const exactLimit = ({ type, soft, hard }: Rlimit): Rlimit => ({ type, soft: exact(soft), hard: exact(hard) });

/** The plan as secure-runtime and every other OCI runtime reads it. */
export function planJson(plan: Plan, indent?: number): string {
  const process = { ...plan.process, rlimits: plan.process.rlimits.map(exactLimit) };
  return JSON.stringify({ ...plan, process }, null, indent);
}
