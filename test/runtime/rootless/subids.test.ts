// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { mapOf, parseSubids } from '../../../src/runtime/rootless/subids.ts';

const me = new Set(['me', '1000']);

describe('ids of a user', () => {
  it('by name and by number, in the order of the file', () => {
    const text = 'you:100000:65536\nme:165536:65536\n1000:300000:10\nmeme:1:1\n';
    expect(parseSubids(text, me)).toEqual([
      { first: 165_536, count: 65_536 },
      { first: 300_000, count: 10 },
    ]);
  });

  it.each([
    'me:0:65536',
    'me:-1:5',
    'me:1e5:5',
    'me:100000:0',
    'me:100000',
    'me:100000:5:5',
    'me:4294967290:5000',
    'me:99999999999:1',
    ' me:100000:5',
    'me: 100000:5',
    '#me:100000:5',
  ])('%s grants nothing', (line) => expect(parseSubids(line, me)).toEqual([]));

  it('one after the other, with the own id as root', () => {
    expect(
      mapOf(1000, [
        { first: 200_000, count: 10 },
        { first: 100_000, count: 5 },
      ]),
    ).toEqual([
      { inside: 0, outside: 1000, count: 1 },
      { inside: 1, outside: 200_000, count: 10 },
      { inside: 11, outside: 100_000, count: 5 },
    ]);
  });

  it('no id twice, as the kernel would refuse the whole map', () => {
    const ranges = [
      { first: 900, count: 200 },
      { first: 5000, count: 10 },
      { first: 5009, count: 10 },
      { first: 5010, count: 10 },
    ];
    expect(mapOf(1000, ranges).slice(1)).toEqual([
      { inside: 1, outside: 5000, count: 10 },
      { inside: 11, outside: 5010, count: 10 },
    ]);
  });

  it('no more lines than the kernel takes', () => {
    const ranges = Array.from({ length: 500 }, (_, i) => ({ first: 10_000 + i * 10, count: 5 }));
    expect(mapOf(1000, ranges)).toHaveLength(340);
  });
});
