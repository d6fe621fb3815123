// SPDX-License-Identifier: Apache-2.0

/** Source: runtime-spec 1.3, config-linux.md, "seccomp". */
export type SeccompAction =
  | 'SCMP_ACT_ALLOW'
  | 'SCMP_ACT_ERRNO'
  | 'SCMP_ACT_KILL'
  | 'SCMP_ACT_KILL_PROCESS'
  | 'SCMP_ACT_KILL_THREAD'
  | 'SCMP_ACT_TRAP'
  | 'SCMP_ACT_TRACE'
  | 'SCMP_ACT_LOG'
  | 'SCMP_ACT_NOTIFY';

export type SeccompOperator =
  | 'SCMP_CMP_EQ'
  | 'SCMP_CMP_NE'
  | 'SCMP_CMP_LT'
  | 'SCMP_CMP_LE'
  | 'SCMP_CMP_GT'
  | 'SCMP_CMP_GE'
  | 'SCMP_CMP_MASKED_EQ';

/** `SCMP_CMP_MASKED_EQ` holds when `(argument & value) === valueTwo`. */
export interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: SeccompOperator;
}

/** All arguments must match; rules for one name are alternatives. */
export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: SeccompAction;
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArgument[];
}

/** The object under `linux.seccomp`. What it means where the specification is silent: native/core/seccomp.h. */
export interface OciSeccomp {
  readonly defaultAction: SeccompAction;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

export type SeccompLevel = 'baseline' | 'default' | 'strict';
export type SeccompArchitecture = 'x86_64' | 'aarch64';

/** `EPERM`: known and refused. The compiler answers what no table knows with `ENOSYS` by itself. */
export const EPERM = 1;
/** Programs probe for the call and fall back to its predecessor. */
export const ENOSYS = 38;
/** What a kernel without that netlink protocol says; libaudit goes on then and aborts on EPERM. */
export const EPROTONOSUPPORT = 93;

export const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const allow = (names: readonly string[], ...args: readonly SeccompArgument[]): SeccompRule =>
  args.length === 0 ? { names, action: 'SCMP_ACT_ALLOW' } : { names, action: 'SCMP_ACT_ALLOW', args };

export const refuse = (name: string, errnoRet: number, ...args: readonly SeccompArgument[]): SeccompRule =>
  args.length === 0
    ? { names: [name], action: 'SCMP_ACT_ERRNO', errnoRet }
    : { names: [name], action: 'SCMP_ACT_ERRNO', errnoRet, args };

export const equal = (index: number, value: number): SeccompArgument => ({ index, value, op: 'SCMP_CMP_EQ' });
export const differs = (index: number, value: number): SeccompArgument => ({ index, value, op: 'SCMP_CMP_NE' });
export const masked = (index: number, mask: number, value: number): SeccompArgument => ({
  index,
  value: mask,
  valueTwo: value,
  op: 'SCMP_CMP_MASKED_EQ',
});
