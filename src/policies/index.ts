// SPDX-License-Identifier: Apache-2.0
export { BUILTINS, builtinText, PROFILES } from './builtin.ts';
export type { Imported, ImportNote } from './import/types.ts';
export { fileIo, type PolicyInput, type PolicyIo } from './io.ts';
export { pathWithin } from './lattice.ts';
export { loadPolicy, validatePolicy } from './load.ts';
export { ENGINE_SOCKET, NEVER_MOUNTED } from './never.ts';
export { beneath, eachProcessor, wholePattern } from './patterns.ts';
export { isOfKind, isPredicateKind, PREDICATE_KINDS } from './predicates.ts';
export { type Problem, renderProblem } from './problems.ts';
export { isRemote, POLICY_MEDIA_TYPE, REMOTE, remoteProblems } from './remote.ts';
export { EMPTY_BOOK, type Exception, type Rule, type RuleBook, type Severity, type Target } from './rules/types.ts';
export { tmpfsOwnership } from './tmpfs.ts';
export type * from './types.ts';
export { findWorkload, grantWorkload, matchesReference, signatureRules } from './workloads.ts';
