// SPDX-License-Identifier: Apache-2.0
export { FEATURE_GROUPS, type FeatureGroup, isFeatureGroup } from './grants.ts';
export { lintSeccomp, type SeccompFinding } from './lint.ts';
export type {
  OciSeccomp,
  SeccompAction,
  SeccompArchitecture,
  SeccompArgument,
  SeccompLevel,
  SeccompOperator,
  SeccompRule,
} from './model.ts';
export { type SeccompOptions, seccompProfile } from './profile.ts';
export { isSyscall, syscallNames } from './syscalls.ts';
