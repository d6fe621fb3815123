// SPDX-License-Identifier: Apache-2.0
// Checks of how the kernel was built and how it was started.
import type { HostFacts } from '../../../facts/host.ts';
import type { DeepPartial } from '../../../partial.ts';
import type { Verdict } from '../../../types.ts';
import { fails, PASS, problem, unknown, verdict } from '../../../verdicts.ts';

const COMMAND_LINE = { logical: '/proc/cmdline', path: 'proc/cmdline' };
const CONFIG = { logical: 'kernel configuration', path: 'boot/config' };

/** `NAME=VALUE` by name: the last one counts. A word alone is ''. */
export function parameters(words: readonly string[]): Map<string, string> {
  return new Map(words.map((word) => [word.split('=', 1)[0] ?? '', word.slice(word.indexOf('=') + 1 || word.length)]));
}

/** Words of the command line that must not be there. */
export function without({ kernel }: HostFacts, isWrong: (name: string, value: string) => string | undefined): Verdict {
  if (kernel.commandLine === undefined) return unknown('no command line of the kernel is in this file tree');
  return verdict(
    [...parameters(kernel.commandLine)].flatMap(([name, value]) => {
      const wrong = isWrong(name, value);
      return wrong === undefined
        ? []
        : [
            problem(
              name,
              `${name}${value === '' ? '' : `=${value}`} on the kernel's command line: ${wrong}`,
              COMMAND_LINE,
            ),
          ];
    }),
  );
}

export interface Wanted {
  /** On the command line. */
  readonly name: string;
  readonly ok: (value: string) => boolean;
  /** How it has to be written. */
  readonly want: string;
  /** Whether the kernel does so where the command line says nothing; undefined: it does not. */
  readonly built?: (option: (name: string) => string | undefined) => boolean;
}

/** A protection that is switched on by the command line, or by how the kernel was built. */
export function switchedOn({ kernel }: HostFacts, { name, ok, want, built }: Wanted): Verdict {
  const said = kernel.commandLine === undefined ? undefined : parameters(kernel.commandLine).get(name);
  if (said !== undefined)
    return ok(said)
      ? PASS
      : fails(problem(name, `${name}=${said} on the kernel's command line: it has to be ${want}`, COMMAND_LINE));
  if (kernel.commandLine === undefined) return unknown('no command line of the kernel is in this file tree');
  const { config } = kernel;
  if (built !== undefined && config === undefined)
    return unknown(
      `how the kernel was built cannot be read (/boot/config-${kernel.release ?? 'RELEASE'}, /proc/config.gz)`,
    );
  if (built?.((option) => config?.[option]) === true) return PASS;
  return fails(
    problem(
      name,
      `${want} is not on the kernel's command line, and this kernel does not do so by itself`,
      COMMAND_LINE,
    ),
  );
}

/** What an option makes safe: a kernel without it needs none of it. */
const NEEDS: Readonly<Record<string, string>> = {
  STRICT_MODULE_RWX: 'MODULES',
  STRICT_DEVMEM: 'DEVMEM',
  BPF_JIT_ALWAYS_ON: 'BPF_JIT',
};

/** Options of the build; `n`: not set. */
export function builtWith({ kernel }: HostFacts, wanted: Readonly<Record<string, readonly string[]>>): Verdict {
  const { config } = kernel;
  if (config === undefined)
    return unknown(
      `how the kernel was built cannot be read (/boot/config-${kernel.release ?? 'RELEASE'}, /proc/config.gz)`,
    );
  return verdict(
    Object.entries(wanted).flatMap(([name, values]) => {
      const needed = NEEDS[name];
      if (needed !== undefined && config[needed] === undefined) return [];
      const value = config[name] ?? 'n';
      return values.includes(value)
        ? []
        : [problem(name, `CONFIG_${name} is ${value}: it has to be ${values.join(' or ')}`, CONFIG)];
    }),
  );
}

/** For examples. */
export const commandLine = (...words: readonly string[]): DeepPartial<HostFacts> => ({
  kernel: { commandLine: words },
});
export const config = (name: string, value: string | undefined): DeepPartial<HostFacts> => ({
  kernel: { config: { [name]: value } },
});
