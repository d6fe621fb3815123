// SPDX-License-Identifier: Apache-2.0
// Checks of modules that the kernel loads because a program asks for what is in them.
import type { HostFacts } from '../../../facts/host.ts';
import type { Fix } from '../../../fix/types.ts';
import type { DeepPartial } from '../../../partial.ts';
import type { Verdict } from '../../../types.ts';
import { notApplicable, problem, unknown, verdict } from '../../../verdicts.ts';
import { parameters } from './kernel.ts';

/** Modules by name, each with the option that builds it. */
export type Modules = Readonly<Record<string, string>>;

const isPart = ({ kernel }: HostFacts, option: string | undefined): boolean =>
  option !== undefined && kernel.config?.[option] === 'y';

/** None is part of the kernel, and none that it has is loaded on demand. */
export function notLoaded(facts: HostFacts, modules: Modules): Verdict {
  const { config, commandLine = [] } = facts.kernel;
  const { barredModules } = facts.system;
  const present = Object.entries(modules).filter(([, option]) => config === undefined || config[option] !== undefined);
  if (present.length === 0) return notApplicable('the kernel was built without them');
  if (barredModules === undefined) return unknown('the configuration of modprobe cannot be read');
  const given = parameters(commandLine);
  const barred = new Set([
    ...barredModules,
    ...['module_blacklist', 'modprobe.blacklist'].flatMap((name) => (given.get(name) ?? '').split(',')),
  ]);
  const inside = present.filter(([, option]) => isPart(facts, option));
  const open = present.filter(([name]) => !barred.has(name));
  if (config === undefined && open.length > 0)
    return unknown(
      `how the kernel was built cannot be read, and nothing keeps ${open.map(([name]) => name).join(', ')} out`,
    );
  return verdict(
    present
      .filter((one) => inside.includes(one) || open.includes(one))
      .map(([name, option]) =>
        problem(
          name,
          isPart(facts, option) ? `${name} is part of this kernel` : `${name} is loaded when anybody asks for it`,
          { logical: name, path: 'etc/modprobe.d' },
        ),
      ),
  );
}

/** @param risk of a module; undefined: none */
export const barringFix = (modules: Modules, risk: (name: string) => string | undefined): Fix<HostFacts> => ({
  does: 'Writes `install NAME /bin/false` into /etc/modprobe.d/60-secure.conf for a module; what is part of the kernel stays.',
  edits(facts, { key }) {
    const option = Object.hasOwn(modules, key) ? modules[key] : undefined;
    if (option === undefined || isPart(facts, option)) return [];
    const why = risk(key);
    return [{ kind: 'module', name: key, ...(why === undefined ? {} : { risk: why }) }];
  },
});

/** For examples: a kernel that has one of them as it is said, and whether modprobe keeps it out. */
export const oneModule = (
  modules: Modules,
  name: string,
  built: 'm' | 'y' | undefined,
  barred: boolean,
): DeepPartial<HostFacts> => ({
  kernel: {
    config: Object.fromEntries(
      Object.entries(modules).map(([other, option]) => [option, other === name ? built : undefined]),
    ),
  },
  system: { barredModules: barred ? [name] : [] },
});
