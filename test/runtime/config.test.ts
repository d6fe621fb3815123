// SPDX-License-Identifier: Apache-2.0
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readConfig } from '../../src/runtime/config.ts';
import { Inputs } from '../../src/runtime/inputs.ts';

let cwd = '';
let xdg = '';
beforeEach(() => {
  const base = mkdtempSync(join(tmpdir(), 'secure-config-'));
  [cwd, xdg] = [join(base, 'cwd'), join(base, 'xdg')];
  mkdirSync(cwd);
  mkdirSync(join(xdg, 'secure'), { recursive: true });
  vi.stubEnv('XDG_CONFIG_HOME', xdg);
  vi.stubEnv('SECURE_PROFILE', undefined);
  for (const name of ['SUDO_UID', 'SECURE_BRIDGE', 'SECURE_SUBNET4', 'SECURE_SUBNET6']) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(join(cwd, '..'), { recursive: true });
});
const here = (text: string): void => writeFileSync(join(cwd, 'secure.yaml'), text);
const user = (text: string): void => writeFileSync(join(xdg, 'secure', 'config.yaml'), text);
const choose = async (flag?: string, inputs = new Inputs()) => {
  const { profile, origin } = await readConfig(flag, cwd, inputs);
  return { profile, origin };
};

describe('the profile', () => {
  it('flag, then variable, then directory, then user, then default', async () => {
    expect(await choose()).toEqual({ profile: 'default', origin: 'default' });
    user('profile: baseline');
    expect(await choose()).toEqual({ profile: 'baseline', origin: join(xdg, 'secure', 'config.yaml') });
    here('profile: strict');
    expect(await choose()).toEqual({ profile: 'strict', origin: join(cwd, 'secure.yaml') });
    vi.stubEnv('SECURE_PROFILE', 'default');
    expect(await choose()).toEqual({ profile: 'default', origin: 'SECURE_PROFILE' });
    expect(await choose('baseline')).toEqual({ profile: 'baseline', origin: '--profile' });
  });

  it('a file that says nothing is passed over', async () => {
    here('');
    user('profile: strict');
    expect((await choose()).profile).toBe('strict');
  });

  it('a path counts from where it was written', async () => {
    user('profile: ./mine.yaml');
    expect((await choose()).profile).toBe(join(xdg, 'secure', 'mine.yaml'));
    expect((await choose('sub/p.yaml')).profile).toBe(join(cwd, 'sub', 'p.yaml'));
    expect((await choose('/abs/p.yaml')).profile).toBe('/abs/p.yaml');
  });

  it('every place that was asked is an input, the empty ones too', async () => {
    const inputs = new Inputs();
    await choose(undefined, inputs);
    expect(inputs.records).toEqual([
      { kind: 'env', name: 'SECURE_PROFILE', value: null },
      { kind: 'absent', path: join(cwd, 'secure.yaml') },
      { kind: 'env', name: 'XDG_CONFIG_HOME', value: xdg },
      { kind: 'absent', path: join(xdg, 'secure', 'config.yaml') },
      expect.objectContaining({ path: '/etc/secure/config.yaml' }),
      { kind: 'env', name: 'SECURE_BRIDGE', value: null },
      { kind: 'env', name: 'SECURE_SUBNET4', value: null },
      { kind: 'env', name: 'SECURE_SUBNET6', value: null },
    ]);
  });

  it.each<[string, number, number]>([
    ['- a list', 1, 1],
    ['profile: [a]', 1, 1],
    ['profile: ""', 1, 1],
    ['profile: 5', 1, 1],
    ['# a comment\nprofil: strict', 2, 1],
    ['profile: strict\nprofile: baseline', 2, 1],
    ['profile: {', 1, 11],
    ['a: &a [*a]', 1, 1],
  ])('%j is CONFIG_INVALID at %d:%d', async (text, line, column) => {
    here(text);
    await expect(choose()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      position: { file: join(cwd, 'secure.yaml'), line, column },
    });
  });

  it('a file that somebody else owns or may write does not decide how a container is confined', async () => {
    here('profile: baseline');
    chmodSync(join(cwd, 'secure.yaml'), 0o666);
    await expect(choose()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    chmodSync(join(cwd, 'secure.yaml'), 0o644);
    if (process.geteuid?.() !== 0) return;
    chownSync(join(cwd, 'secure.yaml'), 1234, 1234);
    await expect(choose()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    vi.stubEnv('SUDO_UID', '1234');
    expect((await choose()).profile).toBe('baseline');
  });
});

describe('the network', () => {
  const network = async (flag?: string) => (await readConfig(flag, cwd, new Inputs())).network;
  const standard = { bridge: 'secure0', subnet4: '10.203.0.0/16', subnet6: 'fd7c:5ec0:e01::/64' };

  it('each setting by itself: variable, directory, user, default; also where the profile is a flag', async () => {
    expect(await network()).toEqual(standard);
    user('network: { bridge: br-user, subnet4: 172.31.0.0/20 }');
    here('network: { bridge: br-here, subnet6: none }');
    const merged = { bridge: 'br-here', subnet4: '172.31.0.0/20', subnet6: null };
    expect(await network()).toEqual(merged);
    expect(await network('strict')).toEqual(merged);
    vi.stubEnv('SECURE_BRIDGE', 'br-env');
    vi.stubEnv('SECURE_SUBNET6', 'FD00:0:0:1::/64');
    expect(await network()).toEqual({ ...merged, bridge: 'br-env', subnet6: 'fd00:0:0:1::/64' });
  });

  it.each([
    ['SECURE_BRIDGE', ['Secure', '0bridge', 'a'.repeat(16), 'br/0', 'br 0', '-br', 'br\n', '..']],
    [
      'SECURE_SUBNET4',
      [
        '10.0.0.0',
        '10.0.0.0/7',
        '10.0.0.0/30',
        '10.0.0.1/24',
        '127.0.0.0/8',
        '224.0.0.0/8',
        '010.0.0.0/8',
        'fd00::/64',
        '169.254.0.0/16',
        '10.0.0.0/024',
        'none',
        '0.0.0.0/8',
      ],
    ],
    [
      'SECURE_SUBNET6',
      [
        'fd00::',
        'fd00::/113',
        'fd00::1/64',
        'fe80::/64',
        'ff02::/16',
        '10.0.0.0/8',
        '::/96',
        '::ffff:1.2.3.0/112',
        'fd00::%1/64',
      ],
    ],
  ])('%s: what cannot be is refused', async (name, values) => {
    for (const value of values) {
      vi.stubEnv(name, value);
      await expect(network(), value).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        hint: expect.stringContaining('expected'),
      });
    }
  });

  it.each<[string, number, number]>([
    ['network: none', 1, 1],
    ['network: {bridg: x}', 1, 11],
    ['network:\n  subnet4: 10.0.0.0/33', 2, 3],
    ['network:\n  subnet6: [none]', 2, 3],
  ])('%j is CONFIG_INVALID at %d:%d', async (text, line, column) => {
    here(text);
    await expect(network()).rejects.toMatchObject({ code: 'CONFIG_INVALID', position: { line, column } });
  });

  it("somebody else's file decides nothing, and is no error where it could not decide about confinement", async () => {
    here('network: { bridge: theirs }');
    chmodSync(join(cwd, 'secure.yaml'), 0o666);
    await expect(network()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await network('strict')).toEqual(standard);
  });
});
