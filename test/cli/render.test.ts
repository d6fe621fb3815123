// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { ago, span, statusText } from '../../src/cli/ago.ts';
import { asSecureError, failureJson, failureText } from '../../src/cli/failure.ts';
import { jsonText, printable } from '../../src/cli/output.ts';
import { table } from '../../src/cli/table.ts';
import { SecureError } from '../../src/errors.ts';
import type { Container } from '../../src/runtime/containers/containers.ts';

describe('failures', () => {
  it('are a line, a place and a hint', () => {
    const error = new SecureError('POLICY_INVALID', 'no such level', {
      hint: 'try strict',
      position: { file: 'p.yaml', line: 3, column: 5 },
    });
    expect(failureText(error, false)).toBe('secure: POLICY_INVALID: p.yaml:3:5: no such level\n  hint: try strict\n');
  });
  it('do not say the place twice', () => {
    const error = new SecureError('POLICY_INVALID', 'p.yaml:3: no', { position: { file: 'p.yaml', line: 3 } });
    expect(failureText(error, false)).toBe('secure: POLICY_INVALID: p.yaml:3: no\n');
  });
  it('cannot be forged by text of an image: no line of it starts at the margin, no escape reaches the terminal', () => {
    const text = failureText(
      new SecureError('USAGE', 'x\nsecure: OK: all is well\u001b[2K\r', { hint: 'a\nb' }),
      false,
    );
    expect(text.split('\n').filter((line) => /^\S/.test(line))).toHaveLength(1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(text).not.toMatch(/[\u001b\r]/);
  });
  it('have every key in JSON', () => {
    expect(JSON.parse(failureJson(new SecureError('USAGE', 'm')))).toEqual({
      schemaVersion: 1,
      error: { code: 'USAGE', message: 'm', hint: null, position: null },
    });
  });
  it('that are no SecureError are bugs, exit 4', () => {
    expect(asSecureError(new TypeError('x'))).toMatchObject({
      code: 'INTERNAL',
      exitCode: 4,
      hint: expect.stringContaining('SECURE_DEBUG'),
    });
    expect(asSecureError('text')).toMatchObject({ code: 'INTERNAL', message: 'text' });
  });
});

describe('printable', () => {
  it.each([
    ['a\u001b]0;title\u0007b', 'a\\x1b]0;title\\x07b'],
    ['a\u009bb', 'a\\x9bb'],
    ['user\u202etxt.exe', 'user\\u202etxt.exe'],
    ['a\u2028b\u061cc', 'a\\u2028b\\u61cc'],
    ['grüße 💥', 'grüße 💥'],
  ])('%j', (text, shown) => expect(printable(text)).toBe(shown));

  it('JSON steers no terminal and means the same', () => {
    const value = { name: 'a\u009b31m\u202eb\n\u001b[2J"\\', list: ['grüße'] };
    for (const indent of [undefined, 2]) {
      const text = jsonText(value, indent);
      expect(JSON.parse(text)).toEqual(value);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(text.trimEnd().replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    }
  });
});

describe('table', () => {
  it('is steered by no title', () => {
    const title = 'docker/\u001b[2Jweb\u202e';
    const [head] = table([['x']], [{ title, value: ([text = '']) => text }]).split('\n');
    expect(head).toBe('docker/\\x1b[2Jweb\\u202e');
  });

  const columns = [
    { title: 'NAME', value: (row: string[]) => row[0] ?? '' },
    { title: 'VALUE', value: (row: string[]) => row[1] ?? '', paint: (text: string) => `<${text}>` },
    { title: 'LAST', value: (row: string[]) => row[2] ?? '' },
  ];
  it('aligns, does not pad the end, and colour does not shift columns', () => {
    expect(
      table(
        [
          ['long name', 'x', 'end'],
          ['n', 'yy', ''],
        ],
        columns,
      ),
    ).toBe('NAME        VALUE   LAST\nlong name   <x>       end\nn           <yy>');
  });
  it('has its title without rows, and keeps rows on their line', () => {
    expect(table([], columns)).toBe('NAME   VALUE   LAST');
    expect(table([['a\nb', '', '']], columns).split('\n')).toHaveLength(2);
  });
});

describe('times', () => {
  const now = Date.parse('2026-01-01T12:00:00Z');
  it.each([
    [0, 'less than a second'],
    [-5000, 'less than a second'],
    [1000, '1 second'],
    [59_999, '59 seconds'],
    [60_000, '1 minute'],
    [90 * 60_000, '1 hour'],
    [49 * 3_600_000, '2 days'],
    [800 * 86_400_000, '2 years'],
  ])('%d ms is %s', (milliseconds, text) => expect(span(milliseconds)).toBe(text));
  it('a damaged time is nothing', () => {
    expect([ago('x', now), ago(null, now)]).toEqual(['', '']);
  });
  it.each<[Partial<Container>, string]>([
    [{ status: 'running', started: '2026-01-01T11:57:00.123456789Z' }, 'Up 2 minutes'],
    [{ status: 'stopping', started: '2026-01-01T11:57:00Z' }, 'Up 3 minutes, stopping'],
    [
      {
        status: 'exited',
        exitCode: 137,
        oomKilled: true,
        memory: { oomKills: 1, limit: 2 ** 26, peak: 1.5 * 2 ** 20 },
        finished: '2026-01-01T11:59:50Z',
      },
      'Exited (137) 10 seconds ago, out of memory (limit 64 MiB, peak 1.5 MiB)',
    ],
    [
      { status: 'running', started: '2026-01-01T11:57:00Z', health: { status: 'healthy', failingStreak: 0, log: [] } },
      'Up 3 minutes (healthy)',
    ],
    [
      {
        status: 'restarting',
        lastRun: { exitCode: 3, oomKilled: false, finished: '2026-01-01T11:59:58Z', error: null },
      },
      'Restarting (3) 2 seconds ago',
    ],
    [{ status: 'dead' }, 'Dead'],
    [{ status: 'corrupt' }, 'Corrupt'],
  ])('%j', (container, text) => expect(statusText({ health: null, ...container } as Container, now)).toBe(text));
});
