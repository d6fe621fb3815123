// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { parseMount, parseTmpfs, parseVolume } from '../../../src/cli/values/mount.ts';

const bind = (source: string, destination: string, ...options: string[]): object =>
  expect.objectContaining({ kind: 'bind', source, destination, options });
const tmpfs = (destination: string, ...options: string[]): object => ({ kind: 'tmpfs', destination, options });

describe('mounts', () => {
  it.each<[string, object]>([
    ['/a:/b', bind('/a', '/b')],
    ['./a:/b:ro', bind('./a', '/b', 'ro')],
    ['..:/b:ro,noexec', bind('..', '/b', 'ro', 'noexec')],
    ['.:/b', bind('.', '/b')],
  ])('-v %s', (text, expected) => expect(parseVolume('--volume', text)).toEqual(expected));

  it.each<[string, object]>([
    ['type=bind,source=/a,target=/b', bind('/a', '/b')],
    ['type=bind,src=./a,dst=/b,readonly', bind('./a', '/b', 'ro')],
    ['type=bind,src=/a,destination=/b,ro=true,noexec', bind('/a', '/b', 'noexec', 'ro')],
    ['type=bind,"source=/a,b",target=/b', bind('/a,b', '/b')],
    ['"type=bind","source=/a""b",target=/b', bind('/a"b', '/b')],
    ['type=bind,source=/a=b,target=/b,readonly=false', bind('/a=b', '/b')],
    ['type=tmpfs,target=/t', tmpfs('/t')],
    ['type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1777', tmpfs('/t', `size=${2 ** 20}`, 'mode=1777')],
  ])('--mount %s', (text, expected) => expect(parseMount('--mount', text)).toEqual(expected));

  it.each<[string, object]>([
    ['/run', tmpfs('/run')],
    ['/run:size=16m,noexec', tmpfs('/run', `size=${16 * 2 ** 20}`, 'noexec')],
  ])('--tmpfs %s', (text, expected) => expect(parseTmpfs('--tmpfs', text)).toEqual(expected));

  const hostile: [typeof parseVolume | typeof parseMount, string[]][] = [
    [
      parseVolume,
      [
        '',
        ':',
        '/a',
        '/a:',
        ':/b',
        '/a:b',
        '/a:/b:',
        '/a:/b:ro:x',
        'data:/b',
        'C:\\x:/b',
        '~/a:/b',
        '~:/b',
        '...:/b',
        '-v:/b',
      ],
    ],
    [
      parseMount,
      [
        '',
        ',',
        'type=bind',
        'type=bind,source=/a',
        'type=bind,target=/b',
        'type=volume,source=x,target=/b',
        'source=/a,target=/b',
        'type=bind,source=/a,target=b',
        'type=bind,source=/a,source=/c,target=/b',
        'type=bind,source=/a,src=/c,target=/b',
        'type=tmpfs,source=/a,target=/b',
        'type=bind,source=/a,target=/b,tmpfs-size=1m',
        'type=tmpfs,target=/t,tmpfs-size=-1',
        'type=tmpfs,target=/t,tmpfs-mode=9',
        'type=bind,source=/a,target=/b,readonly=maybe',
        'type=bind,source=/a,target=/b,bogus',
        'type=bind,source=/a,target=/b,__proto__=x',
        'type=bind,"source=/a,target=/b',
        'type=bind,source=/a,target=/b,',
      ],
    ],
    [parseTmpfs, ['', 'run', ':size=1m', '/run:', '/run:size=', '/run:size=0', '/run:a,,b']],
  ];
  it.each(hostile.flatMap(([parse, texts]) => texts.map((text) => [parse.name, text, parse] as const)))(
    '%s refuses %j',
    (_, text, parse) => {
      expect(() => parse('--flag', text)).toThrow(
        expect.objectContaining({ code: 'INVALID_VALUE', message: expect.stringContaining('--flag') }),
      );
    },
  );

  it('tells a named volume from a directory of that name', () => {
    expect(() => parseVolume('--volume', 'data:/b')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('./data') }),
    );
  });
});
