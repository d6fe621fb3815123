// SPDX-License-Identifier: Apache-2.0
// Checks of settings of the kernel.

import { type Sysctl, sysctlPath } from '../../../facts/host/sysctls.ts';
import type { HostFacts } from '../../../facts/host.ts';
import type { Fix } from '../../../fix/types.ts';
import type { DeepPartial } from '../../../partial.ts';
import type { Check, Location, Problem, Verdict } from '../../../types.ts';
import { notApplicable, problem, quoted, unknown, verdict } from '../../../verdicts.ts';

export type HostCheck = Check<HostFacts, DeepPartial<HostFacts>>;

export const sysctlLocation = (name: Sysctl): Location => ({ logical: name, path: sysctlPath(name).slice(1) });

export interface Wanted {
  readonly name: Sysctl;
  readonly ok: (value: number) => boolean;
  /** What it has to be, for the message. */
  readonly want: string;
  /** What it means that this kernel does not have the setting; undefined: nothing. */
  readonly absent?: string;
}

function wrong({ name, ok, want, absent }: Wanted, value: string | null): Problem | undefined {
  if (value === null) {
    return absent === undefined ? undefined : problem(name, `${name} does not exist: ${absent}`, sysctlLocation(name));
  }
  if (/^-?\d{1,18}$/.test(value) && ok(Number(value))) return undefined;
  return problem(name, `${name} is ${quoted(value)}: it has to be ${want}`, sysctlLocation(name));
}

/** One or several settings that make one check. Where the kernel has none of them, it does not apply. */
export function sysctls({ kernel }: HostFacts, ...wanted: readonly Wanted[]): Verdict {
  const values = kernel.sysctls;
  if (values === undefined) return unknown('no /proc/sys of the kernel is in this file tree');
  const problems = wanted.flatMap((one) => {
    const value = values[one.name];
    return value === undefined ? [] : (wrong(one, value) ?? []);
  });
  const unseen = wanted.flatMap(({ name }) => (values[name] === undefined ? [name] : []));
  if (unseen[0] !== undefined)
    return problems.length === 0
      ? unknown(`${sysctlPath(unseen[0])} cannot be read: audit as root`)
      : { status: 'fail', problems, unseen };
  if (problems.length === 0 && wanted.every(({ name }) => values[name] === null))
    return notApplicable(`this kernel has no ${wanted.map(({ name }) => name).join(', ')}`);
  return verdict(problems);
}

/** Facts with one setting, for examples. */
export const setting = (name: Sysctl, value: string | null): DeepPartial<HostFacts> => ({
  kernel: { sysctls: { [name]: value } },
});

/**
 * The repair of such a check: each setting gets its value, here and in a file of sysctl.d. One that the kernel does not have is left.
 * @param risk of all; @param risks of single ones
 */
export function sysctlFix(
  values: { readonly [N in Sysctl]?: string },
  { risk, risks = {} }: { readonly risk?: string; readonly risks?: { readonly [N in Sysctl]?: string } } = {},
): Fix<HostFacts> {
  return {
    does: `Sets ${Object.entries(values)
      .map(([name, value]) => `\`${name} = ${value}\``)
      .join(', ')} in a file of /etc/sysctl.d and in the kernel.`,
    ...(risk === undefined ? {} : { risk }),
    edits({ kernel }, { key }) {
      const name = key as Sysctl;
      const value = values[name];
      if (value === undefined || kernel.sysctls?.[name] == null) return [];
      return [{ kind: 'sysctl', name, value, ...(risks[name] === undefined ? {} : { risk: risks[name] }) }];
    },
  };
}
