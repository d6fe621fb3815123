// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { compareVersions, type Kind } from '../../../src/audit/vulnerabilities/versions/index.ts';
import { random as numbers } from '../../support/random.ts';
import { rpmOrder } from '../../support/rpm.ts';

const sign = (kind: Kind, a: string, b: string) => {
  const found = compareVersions(kind, a, b);
  return found === undefined ? undefined : Math.sign(found);
};

describe('versions', () => {
  it('of Debian are in the order that dpkg has', () => {
    const random = numbers();
    const piece = () =>
      random.pick([
        '0',
        '1',
        '00',
        '2',
        '10',
        '09',
        'a',
        'b',
        'Z',
        '~',
        '~~',
        '+',
        '.',
        '+deb12u1',
        '~rc1',
        '-1',
        '-0',
        '2147483648',
        '99999999999999999999',
      ]);
    const version = () => {
      const text = `${random.pick(['', '', '0:', '1:'])}${random.int(9)}${Array.from({ length: random.int(6) }, piece).join('')}`;
      return text;
    };
    for (let i = 0; i < 120; i += 1) {
      const [a, b] = [version(), random.int(5) === 0 ? version() : version()];
      const dpkg = ['lt', 'eq', 'gt'].findIndex(
        (relation) => spawnSync('dpkg', ['--compare-versions', a, relation, b]).status === 0,
      );
      expect(sign('deb', a, b), `seed ${random.seed}: ${a} and ${b}`).toBe(dpkg - 1);
    }
  }, 60_000);

  it('of RPM are in the order that rpm has', () => {
    const random = numbers();
    const pieces = [
      '0',
      '1',
      '00',
      '10',
      '09',
      'a',
      'b',
      'Z',
      'rc',
      '~',
      '~~',
      '^',
      '^^',
      '.',
      '..',
      '_',
      '+',
      '99999999999999999999',
    ];
    const version = () =>
      `${random.int(9)}${Array.from({ length: random.int(6) }, () => random.pick(pieces)).join('')}`;
    const pairs = Array.from({ length: 2000 }, () => [version(), version()] as const);
    const said = rpmOrder(pairs);
    for (const [i, [a, b]] of pairs.entries())
      expect(sign('rpm', a, b), `seed ${random.seed}: ${a} and ${b}`).toBe(said[i]);
  });

  it.each<[Kind, string]>([
    ['rpm', '1.0~rc1-1 1.0-1 1.0-2 1.0^git1-1 1.0.1-1 1.10-1 1:0.9-1'],
    // From the test suite's idea of apk-tools: each is before the next.
    [
      'apk',
      '0.1_alpha 0.1_beta1 0.1_beta2 0.1_pre 0.1_rc1 0.1 0.1-r1 0.1-r2 0.1_p1 0.1_p2 0.1a 0.1b 0.1.0 0.1.1 0.2 1.01 1.05 1.1 1.2 1.10 2 10',
    ],
    ['apk', '3.0.12-r4 3.0.12-r10 3.1.0_git20230101 3.1.0_p1'],
    [
      'npm',
      '1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1 1.2 1.10.0',
    ],
    ['golang', 'v0.0.0-20190101000000-abcdefabcdef v0.0.0-20200101000000-abcdefabcdef 0.1.0 v1.2.3-rc.1 1.2.3'],
    ['pypi', '1.0.dev1 1.0a1 1.0b2 1.0rc1 1.0 1.0.post1 1.1 1!0.5'],
    ['deb', '1~rc1 1 1+deb12u1 1.0 1.0-1~bpo12 1.0-1 1.0-1+b1 1.0a 1:0'],
  ])('of %s are in their order: %s', (kind, text) => {
    const list = text.split(' ');
    for (const [i, a] of list.entries())
      for (const [j, b] of list.entries()) expect(sign(kind, a, b), `${a} and ${b}`).toBe(Math.sign(i - j));
  });

  it.each<[Kind, string]>([
    ['apk', '1.0-beta'],
    ['apk', ''],
    ['deb', '1 0'],
    ['rpm', 'a b'],
    ['rpm', '1-2-3'],
    ['rpm', ''],
    ['deb', ''],
    ['npm', 'latest'],
    ['pypi', 'not a version'],
    ['golang', '(devel)'],
  ])('of %s do not have %s, which is neither before nor after', (kind, text) => {
    expect(sign(kind, text, '1.0')).toBeUndefined();
    expect(sign(kind, '1.0', text)).toBeUndefined();
  });

  it('are equal when they differ in what means nothing', () => {
    expect(sign('golang', 'v1.2.3', '1.2.3')).toBe(0);
    expect(sign('npm', '1.2.3+a', '1.2.3+b')).toBe(0);
    expect(sign('pypi', '1.0', '1.0.0')).toBe(0);
    expect(sign('deb', '0:1.0', '1.0')).toBe(0);
    expect(sign('deb', '1.0-0', '1.0')).toBe(0);
    expect(sign('apk', '1.0-r0', '1.0')).toBe(0);
  });
});
