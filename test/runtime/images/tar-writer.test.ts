// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TAR_END, type TarMember, tarHeader, tarPadding } from '../../../src/runtime/images/tar-writer.ts';
import { temporaryDirectory } from '../../support/store.ts';

const content = Buffer.from('content');

function listed(...members: readonly TarMember[]): string[] {
  const path = join(temporaryDirectory(), 'x.tar');
  const parts = members.flatMap((member) =>
    member.size === undefined ? [tarHeader(member)] : [tarHeader(member), content, tarPadding(content.length)],
  );
  writeFileSync(path, Buffer.concat([...parts, TAR_END]));
  const options = ['--numeric-owner', '--full-time', '--utc', '--quoting-style=escape'];
  return execFileSync('tar', ['-tvf', path, ...options], { encoding: 'utf8' })
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/ +/g, ' '));
}

const file = (more: Partial<TarMember> = {}): TarMember => ({
  path: Buffer.from('f'),
  type: '0',
  mode: 0o644,
  size: content.length,
  ...more,
});

describe('tarHeader', () => {
  it('is read by GNU tar as it was meant', () => {
    const long = Buffer.from('d/'.repeat(200));
    expect(
      listed(
        file({ uid: 1000, gid: 50, mtime: 1_700_000_000, mode: 0o4755 }),
        { path: Buffer.from('d/'), type: '5', mode: 0o1777 },
        { path: Buffer.from('l'), type: '2', mode: 0o777, link: Buffer.from('x'.repeat(300)) },
        { path: Buffer.concat([long, Buffer.from('h')]), type: '1', mode: 0o644, link: Buffer.from('f') },
        { path: Buffer.from('p'), type: '6', mode: 0o600 },
        { path: Buffer.from('c'), type: '3', mode: 0o600, device: [1, 3] },
      ),
    ).toEqual([
      '-rwsr-xr-x 1000/50 7 2023-11-14 22:13:20 f',
      'drwxrwxrwt 0/0 0 1970-01-01 00:00:00 d/',
      `lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 l -> ${'x'.repeat(300)}`,
      `hrw-r--r-- 0/0 0 1970-01-01 00:00:00 ${long}h link to f`,
      'prw------- 0/0 0 1970-01-01 00:00:00 p',
      'crw------- 0/0 1,3 1970-01-01 00:00:00 c',
    ]);
  });

  it('keeps what no plain header has room for', () => {
    const name = Buffer.concat([Buffer.from([0xff]), Buffer.from('n'.repeat(150))]);
    expect(listed(file({ path: name, uid: 4_294_967_294, gid: 2_097_152, mtime: -1 }))).toEqual([
      `-rw-r--r-- 4294967294/2097152 7 1969-12-31 23:59:59 \\377${'n'.repeat(150)}`,
    ]);
    for (let length = 95; length < 110; length++)
      expect(listed(file({ path: Buffer.from('n'.repeat(length)) }))[0]).toMatch(new RegExp(` n{${length}}$`));
    expect(tarHeader(file({ size: 2 ** 33 })).toString('latin1')).toContain('19 size=8589934592\n');
  });

  it('carries extended attributes in one order', () => {
    const one = new Map([
      ['user.b', Buffer.from([0, 10])],
      ['user.a', Buffer.from('1')],
    ]);
    const other = new Map([...one].reverse());
    const header = tarHeader(file({ xattrs: one }));
    expect(header.equals(tarHeader(file({ xattrs: other })))).toBe(true);
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'out'));
    writeFileSync(join(directory, 'x.tar'), Buffer.concat([header, content, tarPadding(content.length), TAR_END]));
    execFileSync('tar', ['-xf', join(directory, 'x.tar'), '-C', join(directory, 'out')]);
    expect(header.toString('latin1')).toContain('SCHILY.xattr.user.a=1\n');
  });
});
