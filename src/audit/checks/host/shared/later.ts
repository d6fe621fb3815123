// SPDX-License-Identifier: Apache-2.0
// Facts that older versions did not collect.
import type { Verdict } from '../../../types.ts';
import { unknown } from '../../../verdicts.ts';

/** The facts that were given were recorded before anybody looked at this. */
export const NOT_COLLECTED: Verdict = unknown('these facts were recorded by a version that did not look at it');
