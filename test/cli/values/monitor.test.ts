// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { parseDetachKeys, parseLogOption, parseRestart } from '../../../src/cli/values/monitor.ts';
import { parseDuration } from '../../../src/cli/values/time.ts';

const refuse = (read: (flag: string, text: string) => unknown, texts: readonly string[]) => {
  for (const text of texts)
    expect(() => read('--flag', text), JSON.stringify(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE' }),
    );
};

test('--restart', () => {
  expect(parseRestart('--restart', 'on-failure:3')).toEqual({ policy: 'on-failure', retries: 3 });
  expect(parseRestart('--restart', 'on-failure')).toEqual({ policy: 'on-failure' });
  expect(parseRestart('--restart', 'on-failure:0')).toEqual({ policy: 'on-failure' });
  expect(parseRestart('--restart', 'unless-stopped')).toEqual({ policy: 'unless-stopped' });
  refuse(parseRestart, ['', 'never', 'always:3', 'no:1', 'on-failure:', 'on-failure:-1', 'on-failure:1:2', 'Always']);
});

test('--log-opt', () => {
  expect(parseLogOption('--log-opt', 'max-size=1m')).toEqual({ maxBytes: 1_048_576 });
  expect(parseLogOption('--log-opt', 'max-file=3')).toEqual({ maxFiles: 3 });
  refuse(parseLogOption, [
    '',
    'max-size',
    'max-size=',
    'max-size=0',
    'max-size=-1',
    'max-file=0',
    'max-file=x',
    'tag=x',
  ]);
});

test('--health-interval and the like', () => {
  expect(parseDuration('--f', '1m30s')).toBe(90_000);
  expect(parseDuration('--f', '1.5s')).toBe(1500);
  expect(parseDuration('--f', '0')).toBe(0);
  refuse(parseDuration, ['', '5', '-1s', '1x', '25h', '0.0001ms', '1e3s']);
});

test('--detach-keys', () => {
  for (const keys of ['ctrl-p,ctrl-q', 'a', 'ctrl-]', 'ctrl-@,~', '']) expect(parseDetachKeys('--f', keys)).toBe(keys);
  refuse(parseDetachKeys, ['ctrl-', 'ctrl-A', 'ctrl-1', 'ab', 'a,,b', ',', '\n', 'ü', Array(17).fill('a').join(',')]);
});
