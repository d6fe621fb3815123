// SPDX-License-Identifier: Apache-2.0
// Files in the hands of somebody else: nothing is followed, nothing is lost, and what is killed leaves the old file or the new one.
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyPlan } from '../../../src/audit/fix/apply.ts';
import { Place } from '../../../src/audit/fix/place.ts';
import type { AccessChange, FileChange, Plan } from '../../../src/audit/fix/types.ts';

let dir: string;
let root: string;
let state: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'secure-place-')));
  [root, state] = [join(dir, 'root'), join(dir, 'state')];
  mkdirSync(join(root, 'etc'), { recursive: true });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const plan = (files: readonly FileChange[], access: readonly AccessChange[] = []): Plan => ({
  ...{ root, machine: false, files, access, settings: [], next: [], repairs: [], left: [] },
});
const code = (call: () => unknown): string | undefined => {
  try {
    call();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return undefined;
};
const change = (before: string | null, after = 'new\n', path = '/etc/f'): FileChange => ({ path, before, after });
const at = (name: string): string => join(root, 'etc', name);
const names = (): string[] => readdirSync(join(root, 'etc')).sort();

describe('a file', () => {
  it('is replaced, and keeps its mode, its owner and its attributes', () => {
    writeFileSync(at('f'), 'old\n');
    chmodSync(at('f'), 0o640);
    if (process.geteuid?.() === 0) execFileSync('chown', ['12:34', at('f')]);
    execFileSync('python3', ['-c', 'import os, sys; os.setxattr(sys.argv[1], "user.note", b"kept")', at('f')]);
    const before = statSync(at('f'));
    applyPlan(plan([change('old\n')]), state);
    const after = statSync(at('f'));
    expect(readFileSync(at('f'), 'utf8')).toBe('new\n');
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
    expect(after.ino).not.toBe(before.ino);
    const read = 'import os, sys; print(os.getxattr(sys.argv[1], "user.note").decode())';
    expect(execFileSync('python3', ['-c', read, at('f')], { encoding: 'utf8' })).toBe('kept\n');
    expect(names()).toEqual(['f']);
  });

  it('keeps its access list', () => {
    writeFileSync(at('f'), 'old\n');
    // Version 2; owner rw, user 1234 r, group r, mask r, others nothing.
    const entries = [
      [1, 6, -1],
      [2, 4, 1234],
      [4, 4, -1],
      [16, 4, -1],
      [32, 0, -1],
    ];
    const list = Buffer.alloc(4 + 8 * entries.length);
    list.writeUInt32LE(2);
    for (const [i, [tag = 0, mode = 0, id = 0]] of entries.entries()) {
      list.writeUInt16LE(tag, 4 + 8 * i);
      list.writeUInt16LE(mode, 6 + 8 * i);
      list.writeInt32LE(id, 8 + 8 * i);
    }
    const name = 'system.posix_acl_access';
    const write = 'import os, sys; os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]))';
    execFileSync('python3', ['-c', write, at('f'), name, list.toString('hex')]);
    applyPlan(plan([change('old\n')]), state);
    const read = 'import os, sys; print(os.getxattr(sys.argv[1], sys.argv[2]).hex())';
    expect(execFileSync('python3', ['-c', read, at('f'), name], { encoding: 'utf8' }).trim()).toBe(
      list.toString('hex'),
    );
    expect([readFileSync(at('f'), 'utf8'), statSync(at('f')).mode & 0o777]).toEqual(['new\n', 0o640]);
  });

  it('whose attributes cannot be kept is left alone', () => {
    writeFileSync(at('f'), 'old\n');
    execFileSync('python3', ['-c', 'import os, sys; os.setxattr(sys.argv[1], "user.note", b"kept")', at('f')]);
    const path = process.env.PATH;
    process.env.PATH = dir;
    try {
      expect(code(() => applyPlan(plan([change('old\n')]), state))).toBe('FIX_REFUSED');
    } finally {
      process.env.PATH = path;
    }
    expect([readFileSync(at('f'), 'utf8'), names()]).toEqual(['old\n', ['f']]);
  });

  it('of a machine is left where others could lead it elsewhere', () => {
    mkdirSync(join(dir, 'root/secret'));
    writeFileSync(join(root, 'secret/f'), 'old\n');
    chmodSync(join(root, 'secret/f'), 0o666);
    chmodSync(at('.'), 0o777);
    symlinkSync('../secret', at('docker'));
    const { uid, gid } = statSync(join(root, 'secret/f'));
    const before = { type: 'file', mode: 0o666, uid, gid } as const;
    const access = { path: '/etc/docker/f', before, uid, gid, mode: 0o644 };
    const files = [change('old\n', 'new\n', '/etc/docker/f')];
    expect(code(() => applyPlan({ ...plan(files, [access]), machine: true }, state))).toBe('FIX_REFUSED');
    expect([readFileSync(join(root, 'secret/f'), 'utf8'), statSync(join(root, 'secret/f')).mode & 0o777]).toEqual([
      'old\n',
      0o666,
    ]);
    // When its directory is closed first, it is done.
    const open = { type: 'directory', mode: 0o777, uid, gid } as const;
    const own = { path: '/etc', before: open, uid, gid, mode: 0o755 };
    expect(applyPlan({ ...plan(files, [own, access]), machine: true }, state, new Date(0)).failed).toEqual([]);
    expect([readFileSync(join(root, 'secret/f'), 'utf8'), statSync(join(root, 'secret/f')).mode & 0o777]).toEqual([
      'new\n',
      0o644,
    ]);
  });

  it('of a machine is left where a link leads below what others write to', () => {
    mkdirSync(join(root, 'srv/closed'), { recursive: true });
    writeFileSync(join(root, 'srv/closed/f'), 'old\n');
    chmodSync(join(root, 'srv'), 0o777);
    symlinkSync('../srv/closed', at('docker'));
    const files = [change('old\n', 'new\n', '/etc/docker/f')];
    expect(code(() => applyPlan({ ...plan(files), machine: true }, state))).toBe('FIX_REFUSED');
    expect(readFileSync(join(root, 'srv/closed/f'), 'utf8')).toBe('old\n');
    chmodSync(join(root, 'srv'), 0o755);
    applyPlan({ ...plan(files), machine: true }, state, new Date(0));
    expect(readFileSync(join(root, 'srv/closed/f'), 'utf8')).toBe('new\n');
  });

  it('that is not there is made, with its directories', () => {
    applyPlan(plan([change(null, 'x\n', '/etc/sysctl.d/a/b.conf')]), state);
    expect(readFileSync(join(root, 'etc/sysctl.d/a/b.conf'), 'utf8')).toBe('x\n');
  });

  it('is put back by what was written before', () => {
    writeFileSync(at('f'), 'old\n');
    chmodSync(at('f'), 0o646);
    const access = { path: '/etc/f', before: new Place(root).stat('/etc/f') as never, uid: 0, gid: 0, mode: 0o640 };
    const owner = statSync(at('f'));
    const { undo } = applyPlan(
      plan([change('old\n'), change(null, 'x\n', '/etc/g')], [{ ...access, uid: owner.uid, gid: owner.gid }]),
      state,
    );
    expect([readFileSync(at('f'), 'utf8'), statSync(at('f')).mode & 0o777]).toEqual(['new\n', 0o640]);
    expect(lstatSync(undo).mode & 0o777).toBe(0o600);
    const commands = readFileSync(undo, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('#   '))
      .map((line) => line.slice(4));
    execFileSync('sh', ['-ec', commands.join('\n')]);
    expect([readFileSync(at('f'), 'utf8'), statSync(at('f')).mode & 0o777]).toEqual(['old\n', 0o646]);
    expect(names()).toEqual(['f']);
  });

  it.each([
    ['a link', (path: string, outside: string) => symlinkSync(outside, path), 'FIX_REFUSED'],
    ['a second name', (path: string, outside: string) => linkSync(outside, path), 'FIX_REFUSED'],
    ['a pipe', (path: string) => execFileSync('mkfifo', [path]), 'FIX_REFUSED'],
    ['a directory', (path: string) => mkdirSync(path), 'FIX_REFUSED'],
    ['another text', (path: string) => writeFileSync(path, 'theirs\n'), 'FIX_CHANGED'],
    ['nothing', () => {}, 'FIX_CHANGED'],
  ] as const)('that has become %s is left alone', (_, become, expected) => {
    const outside = join(dir, 'outside');
    writeFileSync(outside, 'old\n');
    become(at('f'), outside);
    const was = existsSync(at('f')) ? lstatSync(at('f')) : undefined;
    expect(code(() => applyPlan(plan([change('old\n')]), state))).toBe(expected);
    expect(readFileSync(outside, 'utf8')).toBe('old\n');
    if (was !== undefined) expect(lstatSync(at('f')).ino).toBe(was.ino);
    expect(names()).toEqual(was === undefined ? [] : ['f']);
  });

  it('that cannot be changed does not keep others from being', () => {
    writeFileSync(at('g'), 'old\n');
    symlinkSync('g', at('f'));
    const { failed } = applyPlan(plan([change('old\n'), change('old\n', 'new\n', '/etc/g')]), state);
    expect(failed.map((error) => [error.code, error.message])).toEqual([['FIX_REFUSED', '/etc/f is a symbolic link']]);
    expect(readFileSync(at('g'), 'utf8')).toBe('new\n');
  });

  it('that somebody made meanwhile stays theirs', () => {
    writeFileSync(at('f'), 'theirs\n');
    expect(code(() => applyPlan(plan([change(null)]), state))).toBe('FIX_CHANGED');
    expect([readFileSync(at('f'), 'utf8'), names()]).toEqual(['theirs\n', ['f']]);
  });

  it('is sought below the root, wherever links lead', () => {
    mkdirSync(join(dir, 'outside'));
    mkdirSync(join(root, 'outside'));
    symlinkSync(`${'../'.repeat(20)}outside`, at('up'));
    symlinkSync(join('/', 'outside'), at('absolute'));
    applyPlan(plan([change(null, 'a\n', '/etc/up/a'), change(null, 'b\n', '/etc/absolute/b')]), state);
    expect(readdirSync(join(dir, 'outside'))).toEqual([]);
    expect(readdirSync(join(root, 'outside')).sort()).toEqual(['a', 'b']);
  });

  it('of a kill is the old one or the new one', async () => {
    const [old, made] = ['old\n'.repeat(500), 'new\n'.repeat(500)];
    const files = Array.from({ length: 300 }, (_, i) => change(old, made, `/etc/${i}`));
    for (const { path } of files) writeFileSync(join(root, path), old);
    const given = join(dir, 'plan.json');
    writeFileSync(given, JSON.stringify({ plan: plan(files), state }));
    const apply = new URL('../../../src/audit/fix/apply.ts', import.meta.url).href;
    const script = `const { applyPlan } = await import(${JSON.stringify(apply)});
const { plan, state } = JSON.parse((await import('node:fs')).readFileSync(${JSON.stringify(given)}, 'utf8'));
console.log('ready');
applyPlan(plan, state);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    // Somewhere among them; wherever that is, this holds.
    while (readFileSync(at('100'), 'utf8') === old && child.exitCode === null) await new Promise(setImmediate);
    child.kill('SIGKILL');
    await ended;
    for (const { path } of files) expect([old, made]).toContain(readFileSync(join(root, path), 'utf8'));
    const rest = names().filter((name) => !/^\d+$/.test(name));
    expect(rest.length).toBeLessThanOrEqual(1);
    for (const name of rest) expect(name).toMatch(/^\.\d+\.[0-9a-f]{12}$/);
    // What undoes it was there before anything else.
    expect(readdirSync(join(state)).length).toBe(1);
  });
});

describe('permissions', () => {
  const access = (over: Partial<AccessChange> = {}): AccessChange => {
    const { uid, gid } = statSync(dir);
    const before = { type: 'file', mode: 0o666, uid, gid } as const;
    return { path: '/etc/f', before, uid, gid, mode: 0o644, ...over };
  };
  const make = (mode: number): void => {
    writeFileSync(at('f'), '');
    chmodSync(at('f'), mode);
  };

  it('are changed of what is there', () => {
    make(0o666);
    applyPlan(plan([], [access()]), state);
    expect(statSync(at('f')).mode & 0o7777).toBe(0o644);
  });

  it('are left where they have changed since', () => {
    make(0o600);
    expect(code(() => applyPlan(plan([], [access()]), state))).toBe('FIX_CHANGED');
    expect(statSync(at('f')).mode & 0o7777).toBe(0o600);
  });

  it.each([
    ['a link leads elsewhere', (outside: string) => symlinkSync(outside, at('f'))],
    ['it is a second name of something else', (outside: string) => linkSync(outside, at('f'))],
  ])('are left where %s', (_, become) => {
    const outside = join(dir, 'outside');
    writeFileSync(outside, '');
    chmodSync(outside, 0o666);
    become(outside);
    expect(code(() => applyPlan(plan([], [access()]), state))).toBe('FIX_REFUSED');
    expect(statSync(outside).mode & 0o7777).toBe(0o666);
  });
});
