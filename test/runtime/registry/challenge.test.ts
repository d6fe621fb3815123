// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { parseChallenges } from '../../../src/runtime/registry/challenge.ts';

const parsed = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

it.each([
  ['Basic realm="a b"', [['basic', { realm: 'a b' }]]],
  [
    'Bearer realm="https://a/t",service="s,t",scope="x"',
    [['bearer', { realm: 'https://a/t', service: 's,t', scope: 'x' }]],
  ],
  ['bearer Realm=https, SERVICE = "q\\"q"', [['bearer', { realm: 'https', service: 'q"q' }]]],
  [
    'Negotiate, Basic realm="r", Bearer realm="b"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'r' }],
      ['bearer', { realm: 'b' }],
    ],
  ],
  // The first of two realms: another reader may take the second.
  ['Bearer realm="a",realm="b"', [['bearer', { realm: 'a' }]]],
  ['', []],
  ['=', []],
  ['Bearer realm="never closed', [['bearer', {}]]],
  ['"', []],
])('%s', (header, challenges) => {
  expect(parsed(header)).toEqual(challenges);
});

it('takes time in proportion to what is sent', () => {
  const start = performance.now();
  for (const piece of ['a="', ',', ' ', 'a ', 'a=a,', '\\"', 'a=" \\'])
    parseChallenges(`Bearer ${piece.repeat(100_000)}`);
  expect(performance.now() - start).toBeLessThan(1000);
});
