// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { type FlagTable, scan, type Token } from '../../src/cli/scan.ts';
import { random } from '../support/random.ts';

const TABLE: FlagTable = {
  interactive: { type: 'boolean', char: 'i' },
  tty: { type: 'boolean', char: 't' },
  rm: { type: 'boolean' },
  colour: { type: 'boolean', allowNo: true },
  env: { type: 'option', char: 'e' },
  name: { type: 'option', aliases: ['called'] },
  user: { type: 'option', char: 'u', charAliases: ['U'] },
};

const flag = (name: string, value: string | boolean): object => ({ kind: 'flag', name, value });
const operands = (...values: string[]): object[] => values.map((value) => ({ kind: 'operand', value }));
const plain = (tokens: Iterable<Token>): object[] =>
  [...tokens].map((token) => (token.kind === 'flag' ? { kind: 'flag', name: token.name, value: token.value } : token));
const run = (...argv: string[]): object[] => plain(scan(argv, TABLE, true));

describe('flags before the image', () => {
  it.each<[string[], object[]]>([
    [
      ['-it', 'img', 'sh'],
      [flag('interactive', true), flag('tty', true), ...operands('img', 'sh')],
    ],
    [
      ['-ite', 'A=1', 'img'],
      [flag('interactive', true), flag('tty', true), flag('env', 'A=1'), ...operands('img')],
    ],
    [
      ['-iteA=1', 'img'],
      [flag('interactive', true), flag('tty', true), flag('env', 'A=1'), ...operands('img')],
    ],
    [
      ['-e=A=1', 'img'],
      [flag('env', 'A=1'), ...operands('img')],
    ],
    [
      ['-e', 'A', 'img'],
      [flag('env', 'A'), ...operands('img')],
    ],
    [
      ['-eitA', 'img'],
      [flag('env', 'itA'), ...operands('img')],
    ],
    [
      ['--name=x', 'img'],
      [flag('name', 'x'), ...operands('img')],
    ],
    [
      ['--name', 'x', 'img'],
      [flag('name', 'x'), ...operands('img')],
    ],
    [
      ['--called', 'x', 'img'],
      [flag('name', 'x'), ...operands('img')],
    ],
    [
      ['-U', '0', 'img'],
      [flag('user', '0'), ...operands('img')],
    ],
    [
      ['--name=', 'img'],
      [flag('name', ''), ...operands('img')],
    ],
    [
      ['--name', '', 'img'],
      [flag('name', ''), ...operands('img')],
    ],
    [
      ['--name=a=b', 'img'],
      [flag('name', 'a=b'), ...operands('img')],
    ],
    [
      ['--rm=false', 'img'],
      [flag('rm', false), ...operands('img')],
    ],
    [
      ['-t=0', 'img'],
      [flag('tty', false), ...operands('img')],
    ],
    [
      ['--no-colour', 'img'],
      [flag('colour', false), ...operands('img')],
    ],
  ])('%j', (argv, expected) => expect(run(...argv)).toEqual(expected));

  it('takes a value that looks like a flag, as docker does', () => {
    expect(run('--name', '--rm', 'img')).toEqual([flag('name', '--rm'), ...operands('img')]);
    expect(run('-e', '-i', 'img')).toEqual([flag('env', '-i'), ...operands('img')]);
    expect(run('--name', '--', 'img')).toEqual([flag('name', '--'), ...operands('img')]);
  });
});

describe('the image and after', () => {
  it('leaves everything alone, flags and -- included', () => {
    expect(run('img', 'ls', '--rm', '--json', '-it', '--', '--name=x')).toEqual(
      operands('img', 'ls', '--rm', '--json', '-it', '--', '--name=x'),
    );
  });
  it('-- ends the flags once; a second one belongs to the container', () => {
    expect(run('--rm', '--', 'img', '--', '-x')).toEqual([flag('rm', true), ...operands('img', '--', '-x')]);
    expect(run('--', '--rm', 'ls')).toEqual(operands('--rm', 'ls'));
  });
  it('takes - and an empty string for operands', () => {
    expect(run('-', '--rm')).toEqual(operands('-', '--rm'));
    expect(run('', '--rm')).toEqual(operands('', '--rm'));
  });
});

describe('without verbatim', () => {
  it('finds flags between operands', () => {
    expect(plain(scan(['a', '--rm', 'b', '--', '--rm'], TABLE, false))).toEqual([
      ...operands('a'),
      flag('rm', true),
      ...operands('b', '--rm'),
    ]);
  });
});

describe('what is wrong', () => {
  it.each<[string[], object]>([
    [['--nmae', 'x'], { kind: 'unknown', as: '--nmae' }],
    [['--nmae=x'], { kind: 'unknown', as: '--nmae' }],
    [['-x'], { kind: 'unknown', as: '-x' }],
    [['-itx'], { kind: 'unknown', as: '-x' }],
    [['---rm'], { kind: 'unknown', as: '---rm' }],
    [['--no-rm'], { kind: 'unknown', as: '--no-rm' }],
    [['--__proto__'], { kind: 'unknown', as: '--__proto__' }],
    [['--constructor'], { kind: 'unknown', as: '--constructor' }],
    [['-é'], { kind: 'unknown', as: '-é' }],
    [['--name'], { kind: 'no-value', as: '--name' }],
    [['-ite'], { kind: 'no-value', as: '-e' }],
    [['--rm=yes'], { kind: 'not-boolean', as: '--rm', value: 'yes' }],
    [['--rm='], { kind: 'not-boolean', as: '--rm', value: '' }],
  ])('%j', (argv, expected) => expect(run(...argv)).toContainEqual(expected));
});

describe('any command line', () => {
  const NASTY = ['', '-', '--', '-i', '--rm', '--name', '-e', 'A=1', '=', '--=x', '-=', 'x y', '\n', '💥', '--json'];

  it('in any spelling gives the flags that were meant, and the container its arguments', () => {
    const { pick, int, seed } = random();
    for (let round = 0; round < 2000; round += 1) {
      const argv: string[] = [];
      const meant: object[] = [];
      for (let n = int(6); n > 0; n -= 1) {
        const value = pick(NASTY);
        const [words, ...tokens] = pick<[string[], ...object[]]>([
          [['-i'], flag('interactive', true)],
          [['-it'], flag('interactive', true), flag('tty', true)],
          [['--rm=true'], flag('rm', true)],
          [['--name', value], flag('name', value)],
          [[`--name=${value}`], flag('name', value)],
          [['-e', value], flag('env', value)],
          [[`-te=${value}`], flag('tty', true), flag('env', value)],
          [['-ite', value], flag('interactive', true), flag('tty', true), flag('env', value)],
        ]);
        argv.push(...words);
        meant.push(...tokens);
      }
      const image = pick(['img', '-', '', 'localhost/a:b']);
      const args = Array.from({ length: int(5) }, () => pick(NASTY));
      if (int(2) === 0) argv.push('--');
      expect(run(...argv, image, ...args), `seed ${seed}, ${JSON.stringify([argv, image, args])}`).toEqual([
        ...meant,
        ...operands(image, ...args),
      ]);
    }
  });
});
