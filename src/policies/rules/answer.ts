// SPDX-License-Identifier: Apache-2.0
// What comes of a verdict; apart from the evaluator, which takes time to load.
import type { Verdict } from './evaluate.ts';

export type Answer = 'deny' | 'warn' | 'allow';

/** What cannot be evaluated refuses, also where a rule only warns. */
export const answerOf = ({ decision, rule }: Verdict): Answer =>
  decision === 'error' ? 'deny' : decision === 'fail' ? rule.enforcement : 'allow';
