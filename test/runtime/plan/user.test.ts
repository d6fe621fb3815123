// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { outcome, plan, reason } from './facts.ts';

const ids = (profile: 'default' | 'strict', user: string): [number, number, readonly number[]] => {
  const { uid, gid, additionalGids } = plan(profile, { request: { user } }).process.user;
  return [uid, gid, additionalGids];
};

test.each([
  ['1000', [1000, 1000, [0, 10, 2000]]],
  ['app', [1000, 1000, [0, 10, 2000]]],
  ['app:data', [1000, 2000, []]],
  ['app:5', [1000, 5, []]],
  ['12345', [12345, 0, []]],
  ['0', [0, 0, []]],
  ['65535:65535', [65535, 65535, []]],
])('--user %s', (user, expected) => {
  expect(ids('default', user)).toEqual(expected);
});

test.each([
  '',
  '1000:',
  ':1000',
  '1000:x',
  '-1',
  '4294967296',
  '4294967295',
  '65536',
  '1000:65536',
  ' 1',
  '1 ',
  '0x1',
  '00',
  '01',
  '1e3',
  '1.0',
  '+1',
  '1000:0x0',
  '1:2:3',
  ':',
  'big',
  '1000:app:',
  '\u0661',
  '1\n',
  'a\0b',
])('--user %j is refused and never root (CVE-2026-30892)', (user) => {
  for (const profile of ['default', 'strict'] as const)
    expect(outcome(profile, { request: { user } })).toBe('USER_INVALID');
});

test('a number is that number, whatever passwd calls it (CVE-2016-3697)', () => {
  expect(ids('default', '1000')[0]).toBe(1000);
  const only = { passwd: '1000:x:0:0::/:/bin/sh\n' };
  expect(plan('strict', { image: only, request: { user: '1000' } }).process.user.uid).toBe(1000);
});

test('a name that is not there, or whose line is broken, is not found', () => {
  for (const user of ['nobody', 'odd', 'short', '__proto__', 'constructor']) {
    expect(outcome('default', { request: { user } })).toBe('USER_NOT_FOUND');
  }
});

test.each(['0', 'root', '0:0', '0:1000', 'toor'])('strict refuses --user %s', (user) => {
  expect(outcome('strict', { request: { user } })).toBe('POLICY_DENIED');
});

test.each(['', 'root', '0', '0:0', 'toor', 'root:app'])('strict replaces the image user %j', (user) => {
  const made = plan('strict', { config: { user } });
  expect(made.process.user).toEqual({ uid: 65532, gid: 65532, additionalGids: [] });
  expect(reason(made, 'user')).toMatchObject({ decision: '65532:65532', by: { policy: 'builtin:strict' } });
});

test('strict does not give the group of root unasked', () => {
  expect(ids('strict', '12345')).toEqual([12345, 12345, []]);
  expect(ids('strict', 'app')).toEqual([1000, 1000, [10, 2000]]);
  expect(outcome('strict', { request: { groupAdd: ['0'] } })).toBe('POLICY_DENIED');
  expect(outcome('strict', { request: { groupAdd: ['root'] } })).toBe('POLICY_DENIED');
});

test('--group-add takes names and numbers and nothing else', () => {
  const made = plan('default', { request: { user: 'daemon:daemon', groupAdd: ['wheel', '7', 'data', '7'] } });
  expect(made.process.user.additionalGids).toEqual([7, 10, 2000]);
  for (const group of ['', '-1', 'none', '65536', ' 1'])
    expect(outcome('default', { request: { groupAdd: [group] } })).toBe('USER_INVALID');
});

test('an image whose user is malformed or missing is refused, not run as root', () => {
  expect(outcome('default', { config: { user: '1000:' } })).toBe('USER_INVALID');
  expect(outcome('default', { config: { user: 'ghost' } })).toBe('USER_NOT_FOUND');
});

test('the home directory is the one of passwd, if it is a path', () => {
  expect(plan('default', { request: { user: 'app' } }).process.env).toContain('HOME=/home/app');
  expect(plan('default', { request: { user: '4242' } }).process.env).toContain('HOME=/');
  const image = { passwd: 'app:x:5:5::relative:/bin/sh\n' };
  expect(plan('default', { image, request: { user: 'app' } }).process.env).toContain('HOME=/');
});

test('more groups than the limit are refused, not cut off', () => {
  const group = Array.from({ length: 2000 }, (_, i) => `g${i}:x:${i + 3000}:app`).join('\n');
  expect(outcome('default', { image: { group }, request: { user: 'app' } })).toBe('USER_INVALID');
});
