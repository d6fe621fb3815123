// SPDX-License-Identifier: Apache-2.0
export { BUILTINS, builtinText, PROFILES } from './builtin.ts';
export { fileIo, type PolicyInput, type PolicyIo } from './io.ts';
export { pathWithin } from './lattice.ts';
export { loadPolicy, validatePolicy } from './load.ts';
export { wholePattern } from './patterns.ts';
export { type Problem, renderProblem } from './problems.ts';
export type * from './types.ts';
export { findWorkload, grantWorkload, matchesReference, signatureRules } from './workloads.ts';
