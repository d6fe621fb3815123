// SPDX-License-Identifier: Apache-2.0
// Checks of how the kernel was built and how it was started.
import type { HostFacts } from '../../../facts/host.ts';
import type { DeepPartial } from '../../../partial.ts';
import type { Verdict } from '../../../types.ts';
import { fails, notApplicable, PASS, problem, unknown, verdict } from '../../../verdicts.ts';

const COMMAND_LINE = { logical: '/proc/cmdline', path: 'proc/cmdline' };
const CONFIG = { logical: 'kernel configuration', path: 'boot/config' };
const NO_COMMAND_LINE = 'no command line of the kernel is in this file tree';

const notBuilt = (release: string | undefined): Verdict =>
  unknown(`how the kernel was built cannot be read (/boot/config-${release ?? 'RELEASE'}, /proc/config.gz)`);

/**
 * `NAME=VALUE` in order, with '' for a word alone, as the kernel reads them (kernel/params.c): `-` in a name is `_`, quotes do not count, and what
 * stands behind `--` is for the first program.
 */
export function kernelWords(words: readonly string[]): [name: string, value: string][] {
  const end = words.indexOf('--');
  return (end < 0 ? words : words.slice(0, end)).map((quoted) => {
    const word = quoted.replaceAll('"', '');
    const name = word.split('=', 1)[0] ?? '';
    return [name.replaceAll('-', '_'), word.slice(word.indexOf('=') + 1 || word.length)];
  });
}

/** The same by name: the last one counts. */
export const parameters = (words: readonly string[]): Map<string, string> => new Map(kernelWords(words));

/** As kstrtobool() of the kernel. */
export const isOn = (value: string): boolean => /^(?:[yt1]|on)/i.test(value);
export const isOff = (value: string): boolean => /^(?:[nf0]|of)/i.test(value);

/** Is a kernel older than `5.14`? One whose number cannot be read is not. Distributions add to a kernel whose number stays. */
export function before(release: string | undefined, version: string): boolean {
  const numbers = (text: string): number | undefined => {
    const [, major, minor] = /^(\d{1,4})\.(\d{1,4})/.exec(text) ?? [];
    return major === undefined ? undefined : Number(major) * 10_000 + Number(minor);
  };
  const [own, wanted] = [numbers(release ?? ''), numbers(version)];
  return own !== undefined && wanted !== undefined && own < wanted;
}

/** Words of the command line that must not be there. */
export function without({ kernel }: HostFacts, isWrong: (name: string, value: string) => string | undefined): Verdict {
  if (kernel.commandLine === undefined) return unknown(NO_COMMAND_LINE);
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
  /** The option without which the parameter does nothing. */
  readonly needs?: string;
  /** The first Linux that has it, such as `5.3`. */
  readonly since: string;
}

/** A protection that is switched on by the command line, or by how the kernel was built. */
export function switchedOn({ kernel }: HostFacts, { name, ok, want, built, needs, since }: Wanted): Verdict {
  if (kernel.commandLine === undefined) return unknown(NO_COMMAND_LINE);
  const said = parameters(kernel.commandLine).get(name);
  const { config, release } = kernel;
  if (said !== undefined && !ok(said))
    return fails(problem(name, `${name}=${said} on the kernel's command line: it has to be ${want}`, COMMAND_LINE));
  const decided = said === undefined ? built : needs;
  if (decided !== undefined && config === undefined) return notBuilt(release);
  if (said === undefined && built?.((option) => config?.[option]) === true) return PASS;
  if (before(release, since))
    return said === undefined
      ? notApplicable(`Linux before ${since} has no ${name}`)
      : unknown(`whether Linux ${release ?? ''} knows ${name}, which came with ${since}, cannot be told`);
  if (needs !== undefined && config !== undefined && config[needs] === undefined)
    return fails(problem(name, `the kernel was built without CONFIG_${needs}, so that ${want} does nothing`, CONFIG));
  if (said !== undefined) return PASS;
  return fails(
    problem(
      name,
      `${want} is not on the kernel's command line, and this kernel does not do so by itself`,
      COMMAND_LINE,
    ),
  );
}

/** What an option has to be. */
export interface Option {
  /** `n`: not set. */
  readonly is: readonly string[];
  /** Names that it had, or options that do the same: one of them is enough. Only for what has to be set. */
  readonly or?: readonly string[];
  /** Options without which there is nothing to protect; `!NAME`: which replace it. */
  readonly needs?: readonly string[];
  /** The option of the only architecture that has it. */
  readonly on?: 'X86_64' | 'ARM64';
  /** The first Linux that has it, and the first that has it no more, or always. */
  readonly since?: string;
  readonly until?: string;
}

export const set = (more: Omit<Option, 'is'> = {}): Option => ({ is: ['y'], ...more });
export const unset = (more: Omit<Option, 'is'> = {}): Option => ({ is: ['n'], ...more });

type Values = Readonly<Record<string, string>>;

function applies({ needs = [], on, since, until }: Option, config: Values, release: string | undefined): boolean {
  if (on !== undefined && config[on] !== 'y') return false;
  if (since !== undefined && before(release, since)) return false;
  if (until !== undefined && !before(release, until)) return false;
  return needs.every((name) =>
    name.startsWith('!') ? config[name.slice(1)] === undefined : config[name] !== undefined,
  );
}

/** Options of the build. One that this kernel cannot have, by its version, its architecture or other options, is no problem. */
export function builtWith({ kernel }: HostFacts, wanted: Readonly<Record<string, Option>>): Verdict {
  const { config, release } = kernel;
  if (config === undefined) return notBuilt(release);
  const asked = Object.entries(wanted).filter(([, option]) => applies(option, config, release));
  if (asked.length === 0) return notApplicable('no kernel of this kind has such options');
  return verdict(
    asked.flatMap(([name, { is, or = [] }]) => {
      const value = config[name] ?? 'n';
      if (is.includes(value) || or.some((other) => is.includes(config[other] ?? 'n'))) return [];
      const wish = is.includes('n') ? 'it must not be set' : `it has to be ${is.join(' or ')}`;
      return [problem(name, `CONFIG_${name} is ${value === 'n' ? 'not set' : value}: ${wish}`, CONFIG)];
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
