// SPDX-License-Identifier: Apache-2.0
import { BASELINE_ONLY, BELOW_STRICT, EVERYWHERE } from './calls.ts';
import { conditions, withoutNamespaces } from './conditions.ts';
import { BY_CAPABILITY, callsOf, type FeatureGroup } from './grants.ts';
import {
  allow,
  EPERM,
  type OciSeccomp,
  type SeccompArchitecture,
  type SeccompLevel,
  type SeccompRule,
} from './model.ts';

export interface SeccompOptions {
  readonly allow?: readonly FeatureGroup[];
  /** The container's capabilities, with or without `CAP_`. */
  readonly capabilities: readonly string[];
  readonly architecture: SeccompArchitecture;
}

function architectures(level: SeccompLevel, native: SeccompArchitecture, compat: boolean): readonly string[] {
  const own = native === 'x86_64' ? 'SCMP_ARCH_X86_64' : 'SCMP_ARCH_AARCH64';
  // int 0x80 reaches socketcall and ipc, whose arguments no filter can see: closed by leaving the architecture out.
  if (level === 'strict' && !compat) return [own];
  if (native === 'aarch64') return [own, 'SCMP_ARCH_ARM'];
  // Listed, x32 answers ENOSYS; unlisted, it kills.
  return level === 'baseline' ? [own, 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'] : [own, 'SCMP_ARCH_X86'];
}

/**
 * The seccomp profile of a level. Pure. Default action EPERM; the compiler answers numbers that no table knows
 * with ENOSYS. `baseline` allows what Docker's default profile allows with the same capabilities; `default` also
 * turns the feature groups off; `strict` is a narrower list for the native architecture only.
 */
export function seccompProfile(level: SeccompLevel, options: SeccompOptions): OciSeccomp {
  const held = new Set(options.capabilities.map((name) => name.toUpperCase().replace(/^CAP_/, '')));
  const groups = new Set(options.allow ?? []);
  const granted = [
    ...[...held].flatMap((name) => (Object.hasOwn(BY_CAPABILITY, name) ? (BY_CAPABILITY[name] ?? []) : [])),
    ...[...groups].flatMap(callsOf),
  ];
  const plain = new Set([
    ...EVERYWHERE,
    ...(level === 'strict' ? [] : BELOW_STRICT),
    ...(level === 'baseline' ? BASELINE_ONLY : []),
    ...granted,
  ]);
  const namespaces = groups.has('nested') || held.has('SYS_ADMIN');
  if (namespaces) for (const name of ['clone', 'clone3']) plain.add(name);
  const special: SeccompRule[] = [
    ...conditions(level, groups.has('jit'), (capability) => held.has(capability)),
    ...(namespaces ? [] : withoutNamespaces),
  ];
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    architectures: architectures(level, options.architecture, groups.has('compat')),
    // A call that is allowed as a whole needs no conditions; one rule a name keeps the profile free of precedence.
    syscalls: [
      allow([...plain].sort()),
      ...special.flatMap((rule) => {
        const names = rule.names.filter((name) => !plain.has(name));
        return names.length === 0 ? [] : [{ ...rule, names }];
      }),
    ],
  };
}
