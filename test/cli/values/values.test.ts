// SPDX-License-Identifier: Apache-2.0
// What each value means, and the hostile ones, which all end as one INVALID_VALUE that names the flag.
import { describe, expect, it } from 'vitest';
import { parseHostname, parseName } from '../../../src/cli/values/name.ts';
import { parseCores, parseCpuset, parseInteger } from '../../../src/cli/values/number.ts';
import { parseSignal } from '../../../src/cli/values/signal.ts';
import { parseSize, parseSizeOrUnlimited } from '../../../src/cli/values/size.ts';
import { parseMoment, parseSeconds } from '../../../src/cli/values/time.ts';
import { parseUlimit } from '../../../src/cli/values/ulimit.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const parsers = {
  size: parseSize,
  swap: parseSizeOrUnlimited,
  seconds: parseSeconds,
  moment: (flag: string, text: string) => parseMoment(flag, text, NOW),
  cores: parseCores,
  cpuset: parseCpuset,
  integer: (flag: string, text: string) => parseInteger(flag, text, 1, 100),
  ulimit: parseUlimit,
  signal: parseSignal,
  name: parseName,
  hostname: parseHostname,
};
type Kind = keyof typeof parsers;

describe('values', () => {
  it.each<[Kind, string, unknown]>([
    ['size', '1', 1],
    ['size', '1b', 1],
    ['size', '512m', 512 * 2 ** 20],
    ['size', '1g', 2 ** 30],
    ['size', '1.5GiB', 1.5 * 2 ** 30],
    ['size', '2KB', 2048],
    ['size', '1 MiB', 2 ** 20],
    ['swap', '-1', -1],
    ['seconds', '10', 10],
    ['seconds', '1m30s', 90],
    ['seconds', '0', 0],
    ['moment', '10m', NOW - 600_000],
    ['moment', '2026-01-01T00:00:00.5Z', NOW + 500],
    ['moment', '1767225600', NOW],
    ['cores', '0.5', 0.5],
    ['cores', '.25', 0.25],
    ['cores', '2', 2],
    ['cpuset', '0-3,7', '0-3,7'],
    ['ulimit', 'nofile=1024:2048', { name: 'nofile', soft: 1024, hard: 2048 }],
    ['ulimit', 'core=0', { name: 'core', soft: 0, hard: 0 }],
    ['ulimit', 'nofile=1024:-1', { name: 'nofile', soft: 1024, hard: -1 }],
    ['signal', '15', 'SIGTERM'],
    ['signal', 'hup', 'SIGHUP'],
    ['signal', 'SIGKILL', 'SIGKILL'],
    ['signal', '37', 'SIGRTMIN+3'],
    ['signal', 'SIGRTMAX-1', 'SIGRTMIN+29'],
    ['name', 'web_1.a-b', 'web_1.a-b'],
    ['hostname', 'a.example', 'a.example'],
  ])('%s %j is %j', (kind, text, value) => expect(parsers[kind]('--flag', text)).toEqual(value));

  const never = [
    '',
    ' ',
    '-5',
    '+1',
    '1e9',
    '0x10',
    'NaN',
    'Infinity',
    '1,5',
    '１',
    '9'.repeat(400),
    '../x',
    '\u001b[2J',
    'a\nb',
    '$(x)',
    'a/b',
  ];
  const also: Partial<Record<Kind, string[]>> = {
    size: ['0', '0g', '-1', '1x', '1mm', '1..5g', '.5g', '9007199254740993', '99999p', '1 2m', 'm'],
    swap: ['-2', '0'],
    seconds: ['1.5', '500ms', '86401', '999999h', '10 s'],
    moment: ['yesterday', '2026-13-01', '2026-01-01 00:00'],
    cores: ['0', '0.001', '0.0', '.', '100000', '1/2'],
    cpuset: ['3-1', '1-', '-1', '0,,1', '9999', '0-3,'],
    integer: ['0', '101', '1.0'],
    ulimit: [
      'nofile',
      'nofile=',
      'nofile=2:1',
      'nofile=-1:5',
      'nofile=-2',
      'bogus=1',
      'NOFILE=1',
      'nofile=1:2:3',
      'nofile=1:',
      '__proto__=1',
    ],
    signal: ['0', '32', '33', '65', '99', 'SIGFOO', 'RTMIN+40', 'RTMAX+1', 'RTMIN-1', 'SIGSIGTERM'],
    name: ['-a', '.a', 'a b', 'a'.repeat(129), 'é'],
    hostname: ['-a', 'a-', 'a..b', '.a', 'a'.repeat(65), 'a_b'],
  };
  // What the same characters mean elsewhere is no reason to refuse them there.
  const fine: Partial<Record<Kind, string[]>> = {
    cpuset: ['1,5'],
    name: ['1e9', '0x10', 'NaN', 'Infinity'],
    hostname: ['1e9', '0x10', 'NaN', 'Infinity'],
  };
  const cases = (Object.keys(parsers) as Kind[]).flatMap((kind) =>
    [...never, ...(also[kind] ?? [])]
      .filter((text) => !(fine[kind] ?? []).includes(text))
      .map((text) => [kind, text] as const),
  );
  it.each(cases)('%s refuses %j', (kind, text) => {
    expect(() => parsers[kind]('--flag', text)).toThrow(
      expect.objectContaining({
        code: 'INVALID_VALUE',
        message: expect.stringContaining('--flag'),
        hint: expect.stringContaining('expected'),
      }),
    );
  });
});
