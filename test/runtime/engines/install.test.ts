// SPDX-License-Identifier: Apache-2.0
// What is on disk after an installation and after it was undone, whoever else was there.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SecureError } from '../../../src/errors.ts';
import { relink, replace, snapshot } from '../../../src/runtime/engines/files.ts';
import { ENGINE } from '../../../src/runtime/engines/index.ts';
import { type Change, configureEngine, type EngineRequest, placesBelow } from '../../../src/runtime/engines/install.ts';
import { ENGINES, type EngineName } from '../../../src/runtime/engines/types.ts';

const DAEMON = '{\n    "debug": true\n}\n';

describe.skipIf(process.geteuid?.() !== 0)('an installation', () => {
  let root: string;
  let link: string;
  let daemon: string;
  const at = (path: string): string => join(root, path);
  const write = (path: string, text: string, mode = 0o644): string => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text, { mode });
    return at(path);
  };
  const request = (engine: EngineName, more: Partial<EngineRequest> = {}): EngineRequest => ({
    ...{ engine, root, runtime: at('/usr/libexec/secure/secure-runtime') },
    ...more,
  });
  const configure = (engine: EngineName, more: Partial<EngineRequest> = {}) => configureEngine(request(engine, more));
  const code = async (engine: EngineName, more: Partial<EngineRequest> = {}): Promise<string> => {
    try {
      await configure(engine, more);
    } catch (error) {
      return (error as SecureError).code;
    }
    return 'accepted';
  };
  /** Every file and link with mode and content. */
  const tree = (): Record<string, string> =>
    Object.fromEntries(
      readdirSync(root, { recursive: true, encoding: 'utf8' })
        .filter((name) => !lstatSync(at(name)).isDirectory() && !name.endsWith('/.lock'))
        .map((name) => {
          const stat = lstatSync(at(name));
          const content = stat.isSymbolicLink() ? readlinkSync(at(name)) : readFileSync(at(name), 'utf8');
          return [name, `${(stat.mode & 0o7777).toString(8)} ${stat.uid} ${content}`];
        }),
    );

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'secure-engines-'));
    link = placesBelow(root).link;
    write('/usr/libexec/secure/secure-runtime', '#!/bin/sh\n', 0o755);
    write('/etc/secure/policy.d/current', 'sha256:0\n');
    daemon = write('/etc/docker/daemon.json', DAEMON, 0o640);
    write('/etc/containerd/config.toml', 'version = 2\n');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('links the runtime, writes the configuration, and all is as before when it is undone', async () => {
    const before = tree();
    for (const engine of ENGINES) {
      const { next } = await configure(engine, { makeDefault: true });
      expect(next).toEqual([ENGINE[engine].next.install].filter(Boolean));
      expect(await configure(engine, { makeDefault: true })).toEqual({ changes: [], notes: [], next: [] });
    }
    expect(readlinkSync(link)).toBe(at('/usr/libexec/secure/secure-runtime'));
    expect(JSON.parse(readFileSync(daemon, 'utf8'))).toEqual({
      debug: true,
      runtimes: { secure: { path: link } },
      'default-runtime': 'secure',
    });
    expect(statSync(daemon).mode & 0o777).toBe(0o640);
    expect(statSync(at('/etc/crio/crio.conf.d')).mode & 0o777).toBe(0o755);
    expect(statSync(at('/etc/secure/engines/docker.json')).mode & 0o777).toBe(0o600);
    for (const engine of ENGINES) {
      expect(existsSync(link)).toBe(true);
      await configure(engine, { undo: true });
    }
    expect(tree()).toEqual(before);
    expect(await configure('docker', { undo: true })).toEqual({ changes: [], notes: [], next: [] });
  });

  it('is only described with dryRun', async () => {
    const before = tree();
    const { changes } = await configure('docker', { dryRun: true });
    expect(changes).toHaveLength(4);
    expect(tree()).toEqual(before);
    expect(existsSync(at('/etc/secure/engines'))).toBe(false);
  });

  it('keeps what was written by hand since, also between two installations', async () => {
    await configure('docker');
    writeFileSync(daemon, readFileSync(daemon, 'utf8').replace('"debug": true', '"debug": false'));
    await configure('docker', { makeDefault: true });
    await configure('docker', { undo: true });
    expect(readFileSync(daemon, 'utf8')).toBe(DAEMON.replace('true', 'false'));
  });

  it('can be undone when the configuration has gone, and when nothing is recorded', async () => {
    await configure('docker', { makeDefault: true });
    unlinkSync(daemon);
    await configure('docker', { undo: true });
    expect(existsSync(daemon)).toBe(false);
    writeFileSync(daemon, DAEMON);
    await configure('docker', { makeDefault: true });
    rmSync(at('/etc/secure/engines/docker.json'));
    await configure('docker', { undo: true });
    expect(readFileSync(daemon, 'utf8')).toBe(DAEMON);
    expect(existsSync(link)).toBe(false);
  });

  it('gives a link back that was there, and leaves one alone that was changed since', async () => {
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync('/opt/older/secure-runtime', link);
    await configure('podman');
    await configure('docker');
    expect(readlinkSync(link)).toBe(at('/usr/libexec/secure/secure-runtime'));
    await configure('podman', { undo: true });
    await configure('docker', { undo: true });
    expect(readlinkSync(link)).toBe('/opt/older/secure-runtime');
    await configure('docker');
    unlinkSync(link);
    symlinkSync('/opt/newer', link);
    expect((await configure('docker', { undo: true })).notes).toHaveLength(1);
    expect(readlinkSync(link)).toBe('/opt/newer');
  });

  it('follows the link when the runtime is another one', async () => {
    await configure('docker');
    const newer = write('/opt/secure-2/secure-runtime', '', 0o755);
    const { changes, next } = await configure('docker', { runtime: newer });
    expect(changes.map(({ kind }) => kind)).toEqual(['file', 'link']);
    expect(next).toEqual([]);
    expect(readlinkSync(link)).toBe(newer);
  });

  it('ends anywhere, and what is there then can be undone', async () => {
    const before = tree();
    const upTo = async (changes: readonly Change[], count: number): Promise<void> => {
      for (const change of changes.slice(0, count)) {
        if (change.kind === 'file') await replace(change.before, change.text);
        else await relink(change.path, change.target);
      }
    };
    for (let count = 0; count <= 4; count += 1) {
      const { changes } = await configure('docker', { makeDefault: true, dryRun: true });
      expect(changes).toHaveLength(4);
      await upTo(changes, count);
      await configure('docker', { undo: true });
      expect(tree(), `installed up to ${count}`).toEqual(before);
      await configure('docker', { makeDefault: true });
      const undone = await configure('docker', { undo: true, dryRun: true });
      await upTo(undone.changes, count);
      await configure('docker', { undo: true });
      expect(tree(), `undone up to ${count}`).toEqual(before);
    }
  });

  it('waits for another one', async () => {
    await Promise.all(ENGINES.flatMap((engine) => [configure(engine, { makeDefault: true }), configure(engine)]));
    for (const engine of ENGINES) {
      const { path, text } = snapshot(at(ENGINE[engine].file));
      expect(ENGINE[engine].installed(text ?? '', { file: path, link })).toBe(true);
      expect(text).toMatch(engine === 'podman' ? /runtime = "secure"/ : /default.*"secure"/);
    }
    await Promise.all(ENGINES.map((engine) => configure(engine, { undo: true })));
    expect(existsSync(link)).toBe(false);
    expect(readFileSync(daemon, 'utf8')).toBe(DAEMON);
  });

  it('notices that somebody writes meanwhile', async () => {
    const before = snapshot(daemon);
    writeFileSync(daemon, '{}');
    await expect(replace(before, 'x')).rejects.toMatchObject({ code: 'ENGINE_CHANGED' });
    await expect(replace(before, null)).rejects.toMatchObject({ code: 'ENGINE_CHANGED' });
    expect(readFileSync(daemon, 'utf8')).toBe('{}');
    expect(readdirSync(dirname(daemon))).toEqual(['daemon.json']);
  });

  it("goes through root's own links", async () => {
    renameSync(at('/etc/docker'), at('/real'));
    symlinkSync('../real', at('/etc/docker'));
    renameSync(at('/real/daemon.json'), at('/real/other.json'));
    symlinkSync('other.json', at('/real/daemon.json'));
    await configure('docker');
    expect(readlinkSync(at('/real/daemon.json'))).toBe('other.json');
    expect(readFileSync(at('/real/other.json'), 'utf8')).toContain(link);
  });

  const NOBODY = 65534;
  it.each<[string, string, () => void]>([
    ['a file of another user', 'ENGINE_UNTRUSTED', () => chownSync(daemon, NOBODY, NOBODY)],
    ['a file that a group writes', 'ENGINE_UNTRUSTED', () => chmodSync(daemon, 0o664)],
    ['a directory of another user', 'ENGINE_UNTRUSTED', () => chownSync(at('/etc/docker'), NOBODY, 0)],
    ['a directory that everybody writes', 'ENGINE_UNTRUSTED', () => chmodSync(at('/etc'), 0o777)],
    [
      'a link of another user',
      'ENGINE_UNTRUSTED',
      () => {
        renameSync(daemon, at('/daemon.json'));
        execFileSync('ln', ['-s', at('/daemon.json'), daemon]);
        execFileSync('chown', ['-h', `${NOBODY}`, daemon]);
      },
    ],
    [
      'links in a circle',
      'ENGINE_UNTRUSTED',
      () => {
        unlinkSync(daemon);
        symlinkSync('daemon.json', daemon);
      },
    ],
    [
      'a pipe',
      'ENGINE_UNTRUSTED',
      () => {
        unlinkSync(daemon);
        execFileSync('mkfifo', ['-m', '600', daemon]);
      },
    ],
    [
      'a runtime that others write',
      'ENGINE_UNTRUSTED',
      () => chmodSync(at('/usr/libexec/secure/secure-runtime'), 0o777),
    ],
    [
      'a runtime that is no program',
      'RUNTIME_MISSING',
      () => chmodSync(at('/usr/libexec/secure/secure-runtime'), 0o644),
    ],
    [
      'a file in the place of the link',
      'ENGINE_UNTRUSTED',
      () => write('/usr/local/lib/secure/secure-runtime-policy', ''),
    ],
    ['a policy that is missing', 'POLICY_MISSING', () => rmSync(at('/etc/secure/policy.d/current'))],
    ['a file that is too long', 'CONFIG_INVALID', () => writeFileSync(daemon, ' '.repeat((1 << 20) + 1))],
    ['a file that is no text', 'CONFIG_INVALID', () => writeFileSync(daemon, Buffer.from([0x7b, 0xff, 0x7d]))],
    ['a record that is none', 'CONFIG_INVALID', () => write('/etc/secure/engines/docker.json', '{"schemaVersion": 1}')],
  ])('refuses %s and changes nothing', async (_, expected, prepare) => {
    prepare();
    // Of a pipe there is nothing to compare.
    const before = lstatSync(daemon).isFIFO() ? undefined : tree();
    expect(await code('docker')).toBe(expected);
    if (before !== undefined) expect(tree()).toEqual(before);
    expect(existsSync(at('/etc/secure/engines/link.json'))).toBe(false);
  });

  it('refuses a second configuration of the same engine', async () => {
    await configure('docker');
    const file = write('/snap/daemon.json', '{}');
    expect(await code('docker', { file })).toBe('ENGINE_CONFLICT');
    await configure('docker', { undo: true });
    await configure('docker', { file });
    await configure('docker', { undo: true });
    expect(readFileSync(file, 'utf8')).toBe('{}');
  });
});
