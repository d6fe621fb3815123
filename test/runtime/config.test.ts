// SPDX-License-Identifier: Apache-2.0
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { chooseProfile } from '../../src/runtime/config.ts';
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
  vi.stubEnv('SUDO_UID', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(join(cwd, '..'), { recursive: true });
});
const here = (text: string): void => writeFileSync(join(cwd, 'secure.yaml'), text);
const user = (text: string): void => writeFileSync(join(xdg, 'secure', 'config.yaml'), text);
const choose = (flag?: string, inputs = new Inputs()) => chooseProfile(flag, cwd, inputs);

describe('chooseProfile', () => {
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
