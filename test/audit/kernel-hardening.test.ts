// SPDX-License-Identifier: Apache-2.0
// What kernel-hardening-checker recommends, and what docs/reference/kernel-hardening.md says that we make of it: everything once, and a check
// that is named really looks at the name.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/audit/checks/index.ts';
import { exampleFacts, type HostFacts } from '../../src/audit/facts/host.ts';
import type { Verdict } from '../../src/audit/types.ts';
import { tableBelow } from '../support/doc-table.ts';

const KINDS = { '## Sysctls': 'sysctl', '## Command line': 'commandLine', '## Build': 'option' } as const;
type Peer = Readonly<Record<(typeof KINDS)[keyof typeof KINDS], Readonly<Record<string, { is: string[] }>>>>;
const here = (path: string): string => readFileSync(join(import.meta.dirname, path), 'utf8');
const peer = JSON.parse(here('fixtures/kernel-hardening-checker.json')) as Peer;
const document = here('../../docs/reference/kernel-hardening.md');

const checks = new Map(CHECKS.host.map((check) => [check.id as string, check]));
type Kernel = Partial<HostFacts['kernel']>;
const BASE: HostFacts['kernel'] = { ...exampleFacts.kernel, lockdown: 'none', commandLine: [] };
const judged = (id: string, kernel: Kernel): Verdict | undefined =>
  checks.get(id)?.check({ ...exampleFacts, kernel: { ...BASE, ...kernel } });
const differ = (a: Verdict | undefined, b: Verdict | undefined): boolean => JSON.stringify(a) !== JSON.stringify(b);

/** Does a value of the sysctl make it fail, and another not? */
function byValue(id: string, name: string): boolean {
  const found = ['-1', '0', '1', '2', '16', '100', '4096', '65536', '10000000'].map((value) => {
    const restricted = { 'kernel.apparmor_restrict_unprivileged_userns': '1' };
    const verdict = judged(id, { sysctls: { ...BASE.sysctls, ...restricted, [name]: value } });
    return verdict?.status === 'fail' && verdict.problems.some(({ key }) => key === name) ? 'by it' : verdict?.status;
  });
  return found.includes('by it') && found.includes('pass');
}

/** Is there a word with the parameter of which the check says something that it does not say without? */
function byWord(id: string, name: string): boolean {
  const config = { ...BASE.config, SLAB_MERGE_DEFAULT: 'y' };
  return ['', '=off', '=0', '=1', '=2', '=on', '=pt', '=native', '=never', '=force-off'].some((value) =>
    [[], ['init_on_alloc=0']].some((rest) =>
      differ(
        judged(id, { config, commandLine: rest }),
        judged(id, { config, commandLine: [...rest, `${name}${value}`] }),
      ),
    ),
  );
}

const without = (...names: readonly string[]) =>
  Object.fromEntries(Object.entries(BASE.config ?? {}).filter(([name]) => !names.includes(name)));
/** Kernels on which the names of one of them mean something. */
const KERNELS = ['6.18.1', '6.4.0', '5.4.9', '4.17.0'].flatMap((release) => [
  { release, config: without() },
  { release, config: { ...without('X86_64'), ARM64: 'y' } },
]);
const OPTIONS = Object.keys(peer.option);

/** Is there a kernel whose verdict differs by this option alone? @param left options that are left out in turn: others do the same */
function byOption(id: string, name: string, left: readonly string[] = ['', ...OPTIONS]): boolean {
  const sysctls = { ...BASE.sysctls, 'kernel.io_uring_disabled': null };
  return KERNELS.some(({ release, config }) =>
    left.some((other) => {
      const rest = Object.fromEntries(Object.entries(config).filter(([one]) => one !== other && one !== name));
      return differ(
        judged(id, { release, sysctls, config: rest }),
        judged(id, { release, sysctls, config: { ...rest, [name]: 'y' } }),
      );
    }),
  );
}

const LOOKS = { sysctl: byValue, commandLine: byWord, option: byOption };

describe.each(Object.entries(KINDS))('%s', (heading, kind) => {
  const rows = tableBelow(document, heading);

  it('has every name in one row', () => {
    const names = rows.flatMap((row) => row.names);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    expect([...names].sort()).toEqual(Object.keys(peer[kind]).sort());
    expect(names.length).toBeGreaterThan(30);
  });

  it('says a check or why not', () => {
    for (const { checks: ids, text, names } of rows) {
      expect(ids.length, names.join()).toBeLessThan(2);
      expect(text.length, names.join()).toBeGreaterThan(ids.length === 0 ? 30 : 0);
    }
  });

  const asked = rows.flatMap(({ names, checks: ids }) => ids.flatMap((id) => names.map((name) => [id, name] as const)));
  it.each(asked)('%s looks at %s', (id, name) => {
    expect(checks.has(id)).toBe(true);
    expect(LOOKS[kind](id, name)).toBe(true);
  });

  it('has no check that looks at a name which it is said not to be asked for', () => {
    const ids = [...new Set(asked.map(([id]) => id))];
    const left = rows.filter((row) => row.checks.length === 0).flatMap(({ names }) => names);
    const looked = left.filter((name) => ids.some((id) => LOOKS[kind](id, name, [''])));
    // The first is asked for the other way round; without the other there is nothing to sign.
    expect(looked).toEqual(kind === 'option' ? ['USER_NS', 'MODULES'] : []);
  });

  it('names checks in its texts that there are', () => {
    for (const { text } of rows) for (const [id] of text.matchAll(/SEC-HOST-\d{4}/g)) expect(checks.has(id)).toBe(true);
  });
});
