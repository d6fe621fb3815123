// SPDX-License-Identifier: Apache-2.0
// Checks of how sshd is configured.
import type { HostFacts } from '../../../facts/host.ts';
import type { DeepPartial } from '../../../partial.ts';
import type { Problem, Verdict } from '../../../types.ts';
import { notApplicable, problem, quoted, unknown, verdict } from '../../../verdicts.ts';

const CONFIG = '/etc/ssh/sshd_config';

export interface WantedSetting {
  /** As sshd_config(5) writes it. */
  readonly keyword: string;
  readonly ok: (value: string) => boolean;
  /** What it has to be, for the message. */
  readonly want: string;
  /** What sshd does where nothing is said. */
  readonly unset: string;
}

/** The value that counts for everybody, and each that a Match gives to some. */
export function sshd({ system }: HostFacts, ...wanted: readonly WantedSetting[]): Verdict {
  const { sshd: facts } = system;
  if (facts === null) return notApplicable('sshd is not installed');
  const problems = wanted.flatMap(({ keyword, ok, want, unset }): Problem[] => {
    const said = facts.settings[keyword.toLowerCase()] ?? [];
    const general = said.find(({ conditional }) => !conditional) ?? { value: unset, conditional: false, file: CONFIG };
    const bad = [general, ...said.filter(({ conditional }) => conditional)].filter(({ value }) => !ok(value));
    return bad.slice(0, 1).map(({ value, conditional, file }) => {
      const where = conditional ? ', for some connections' : said.includes(general) ? '' : ', since nothing is said';
      return problem(keyword, `${keyword} of sshd is ${quoted(value)}${where}: it has to be ${want}`, {
        logical: keyword,
        path: file.slice(1),
      });
    });
  });
  if (problems.length === 0 && facts.problem !== null)
    return unknown(`its configuration cannot be read: ${facts.problem}`);
  return verdict(problems);
}

/** Facts with one setting, for examples. */
export const sshdSetting = (keyword: string, value: string, conditional = false): DeepPartial<HostFacts> => ({
  system: { sshd: { settings: { [keyword.toLowerCase()]: [{ value, conditional, file: CONFIG }] } } },
});

export const is =
  (...values: readonly string[]) =>
  (value: string): boolean =>
    values.includes(value);
