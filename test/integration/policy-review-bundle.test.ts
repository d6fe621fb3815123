// SPDX-License-Identifier: Apache-2.0
// A bundle of an engine, reviewed before, and what secure-runtime decides about the same config.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { errorCode, Secure } from '../support/secure.ts';

interface Config {
  ociVersion: string;
  process: Record<string, unknown>;
  root: { path: string; readonly?: boolean };
  mounts: { destination: string; type: string; source: string; options: string[] }[];
  linux: Record<string, unknown> & { namespaces: { type: string }[] };
}

describe('policy review of a bundle', () => {
  let secure: Secure;
  let policies: string;
  let bundle: string;
  let example: Config;
  const review = (...flags: string[]) => secure.run('policy', 'review', '--policy', 'baseline', ...flags, bundle);
  const write = (config: unknown) => writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  /** What both say is refused: `AT: WHY`, sorted. */
  async function both(config: Config): Promise<string[]> {
    write(config);
    const { stdout } = await review('--json');
    const { audited } = JSON.parse(stdout) as {
      audited: { results: { id: string; problems?: { message: string }[] }[] }[];
    };
    const said = audited[0]?.results.find(({ id }) => id === 'engines')?.problems?.map(({ message }) => message) ?? [];
    const words = ['--policy', policies, 'decide', '--id', 'x', '--bundle', bundle, '-'];
    const decided = execFileSync(runtimeBinary(), words, { input: `${JSON.stringify(config)}\n`, encoding: 'utf8' });
    const { refused } = JSON.parse(decided) as { refused: { at: string; text: string }[] };
    expect(said.sort()).toEqual(refused.map(({ at, text }) => (at === '' ? text : `${at}: ${text}`)).sort());
    return said;
  }

  beforeAll(async () => {
    secure = await Secure.create();
    policies = join(secure.root, 'policies');
    const logs = join(secure.root, 'logs/engines.log');
    bundle = join(secure.root, 'bundle');
    mkdirSync(join(bundle, 'rootfs'), { recursive: true });
    const compiled = await secure.run('policy', 'compile', 'baseline', '--output', policies, '--log', logs);
    expect(compiled.code).toBe(0);
    execFileSync(runtimeBinary(), ['spec', '--bundle', bundle]);
    example = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as Config;
  });
  afterAll(() => secure?.destroy());

  it('says what secure-runtime refuses, of each part', async () => {
    expect(await both(example)).toEqual([]);
    const bind = (source: string) => ({ destination: '/x', type: 'bind', source, options: ['rbind'] });
    const without = (type: string) => example.linux.namespaces.filter((one) => one.type !== type);
    const cases: [Partial<Config>, string][] = [
      [{ mounts: [...example.mounts, bind('/etc')] }, 'run.binds.deny'],
      [{ mounts: [...example.mounts, bind(join(secure.root, 'nosuch'))] }, 'run.binds'],
      [{ linux: { ...example.linux, namespaces: without('pid') } }, 'run.engines.hostNamespaces'],
      [
        { linux: { ...example.linux, devices: [{ path: '/dev/sda', type: 'b', major: 8, minor: 0 }] } },
        'run.engines.devices',
      ],
      [{ process: { ...example.process, capabilities: { bounding: ['CAP_SYS_ADMIN'] } } }, 'run.capabilities'],
      [{ process: { ...example.process, capabilities: undefined } }, 'run.capabilities'],
    ];
    for (const [change, control] of cases)
      expect((await both({ ...example, ...change })).join('\n')).toContain(control);
  });

  it('tells what would be made tighter, and exits by what is refused', async () => {
    write(example);
    const fine = await review();
    expect(fine.code).toBe(0);
    expect(fine.stderr).toContain('/linux/seccomp: underneath an engine made tighter: the filter of the policy');
    write({ ...example, mounts: [{ destination: '/x', type: 'bind', source: '/', options: ['rbind'] }] });
    const refused = await review();
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(/CRITICAL\n +x engines /);
  });

  it('refuses what no runtime would read', async () => {
    write({ ...example, mounts: { source: '/etc' } });
    const result = await review();
    expect([result.code, errorCode(result), result.stdout]).toEqual([2, 'AUDIT_UNREADABLE', '']);
  });
});
