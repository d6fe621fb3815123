// SPDX-License-Identifier: Apache-2.0
// `secure-runtime extract` as the image store calls it. What the parser refuses is in native/test; here: the command, its
// errors as JSON, and its processes.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { extractorBinary } from '../../src/runtime/binary.ts';
import { noExtractor, temporaryDirectory } from '../support/store.ts';
import { type TarEntry, tar } from '../support/tar.ts';

function place(): { target: string; layer: string; root: string } {
  const root = temporaryDirectory();
  const target = join(root, 'target');
  mkdirSync(target);
  return { root, target, layer: join(root, 'layer') };
}

function extract(bytes: Buffer, flags: readonly string[] = []) {
  const { target, layer, root } = place();
  writeFileSync(layer, bytes);
  const args = ['--error-format', 'json', '--target', target, ...flags, layer];
  const { status, stdout, stderr } = spawnSync(extractorBinary(), args, { encoding: 'utf8' });
  return { status, root, target, ...JSON.parse(stdout || stderr) };
}

const honest: readonly TarEntry[] = [
  { path: 'bin/', mode: 0o755 },
  { path: 'bin/su', data: 'elf', mode: 0o4755 },
  { path: 'bin/sh', type: '2', link: 'su' },
];

describe.skipIf(noExtractor())('secure-extract', () => {
  it('gives the same result for every compression', () => {
    const plain = tar(honest);
    const results = [plain, gzipSync(plain), zstdCompressSync(plain)].map((bytes) => extract(bytes));
    for (const { diffId, bytes, entries, setid, target } of results) {
      expect({ diffId, bytes, entries, setid }).toEqual({
        diffId: results[0]?.diffId,
        bytes: plain.length,
        entries: 3,
        setid: ['bin/su'],
      });
      expect(readFileSync(join(target, 'bin/sh'), 'utf8')).toBe('elf');
    }
    expect(extract(plain, ['--diff-id', results[0]?.diffId]).status).toBe(0);
    expect(extract(plain, ['--diff-id', `sha256:${'0'.repeat(64)}`])).toMatchObject({
      status: 1,
      code: 'DIGEST_MISMATCH',
    });
  });

  it.each<[string, readonly TarEntry[]]>([
    ['a name with ..', [{ path: '../victim', data: 'x' }]],
    ['an absolute name', [{ path: '/victim', data: 'x' }]],
    ['a pax path', [{ path: 'a', data: 'x', pax: { path: '../victim' } }]],
    ['a hard link out', [{ path: 'a', type: '1', link: '../layer' }]],
    ['a whiteout of ..', [{ path: '.wh...', data: '' }]],
    [
      'a member behind a symbolic link',
      [
        { path: 'l', type: '2', link: '..' },
        { path: 'l/victim', data: 'x' },
      ],
    ],
  ])('refuses %s', (_, entries) => {
    const { status, code, root } = extract(tar(entries));
    expect({ status, code }).toEqual({ status: 1, code: 'PATH_ESCAPE' });
    expect(execFileSync('ls', [root], { encoding: 'utf8' })).toBe('layer\ntarget\n');
  });

  it.each(['plain', 'gzip'])('refuses a %s layer that is cut anywhere', (compression) => {
    const plain = tar(honest);
    const whole = compression === 'gzip' ? gzipSync(plain) : plain;
    const step = compression === 'gzip' ? 16 : 512;
    for (let at = 0; at < whole.length; at += step) {
      const { status, code } = extract(whole.subarray(0, at));
      expect({ at, status, code }).toMatchObject({
        status: 1,
        code: expect.stringMatching(/^ARCHIVE_(TRUNCATED|INVALID)$/),
      });
    }
  });

  it('limits what it makes', () => {
    const bomb = gzipSync(tar([{ path: 'zeros', data: Buffer.alloc(8 << 20) }]));
    expect(extract(bomb)).toMatchObject({ status: 1, code: 'LIMIT_EXCEEDED' });
    expect(extract(bomb, ['--max-ratio', '2000']).status).toBe(0);
    expect(extract(tar(honest), ['--max-entries', '2'])).toMatchObject({ status: 1, code: 'LIMIT_EXCEEDED' });
    expect(extract(tar(honest), ['--max-bytes', '1000'])).toMatchObject({ status: 1, code: 'LIMIT_EXCEEDED' });
    expect(extract(tar(honest), ['--max-depth', '1'])).toMatchObject({ status: 1, code: 'LIMIT_EXCEEDED' });
  });

  it('fills only an empty directory that no symbolic link leads to', () => {
    const { root, target, layer } = place();
    writeFileSync(layer, tar(honest));
    symlinkSync(target, join(root, 'link'));
    const run = (to: string) =>
      spawnSync(extractorBinary(), ['--error-format', 'json', '--target', to, layer], { encoding: 'utf8' });
    expect(JSON.parse(run(join(root, 'link')).stderr)).toMatchObject({ code: 'OPEN_FAILED' });
    expect(run(target).status).toBe(0);
    expect(JSON.parse(run(target).stderr)).toMatchObject({ code: 'TARGET_NOT_EMPTY' });
  });

  it.each([
    ['--max-bytes', '-1'],
    ['--max-depth', '1e3'],
    ['--diff-id', 'sha256:ABC'],
    ['--devices', 'yes'],
    ['--nope', '1'],
  ])('refuses %s %s as usage', (flag, value) => {
    const { target } = place();
    expect(spawnSync(extractorBinary(), ['--target', target, flag, value, 'x']).status).toBe(2);
  });

  it('leaves no process behind when it is killed', async () => {
    const { target } = place();
    const child = spawn(extractorBinary(), ['--target', target, '-'], { stdio: ['pipe', 'ignore', 'ignore'] });
    child.stdin.write(tar(honest).subarray(0, 1024));
    const children = () =>
      readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    while (children().length < 2) await delay(10);
    // Wait until both have dropped their rights: dying with the parent is the last thing but one.
    const pids = children();
    const status = (pid: string) => readFileSync(`/proc/${pid}/status`, 'utf8');
    while (!pids.every((pid) => /^Seccomp:\t2$/m.test(status(pid)))) await delay(10);
    for (const pid of pids) expect(status(pid)).toMatch(/^NoNewPrivs:\t1$/m);
    child.kill('SIGKILL');
    const alive = () => pids.filter((pid) => spawnSync('kill', ['-0', pid]).status === 0);
    for (let i = 0; i < 200 && alive().length > 0; i++) await delay(10);
    expect(alive()).toEqual([]);
  });
});
