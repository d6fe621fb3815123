// SPDX-License-Identifier: Apache-2.0
// Patches, by the programs that people give them to.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unifiedDiff } from '../../../src/audit/fix/diff.ts';
import { random as randomOf } from '../../support/random.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'secure-diff-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const PROGRAMS = [
  ['git apply', ['git', 'apply', '-']],
  ['patch', ['patch', '-p1', '-s', '--no-backup-if-mismatch']],
] as const;

/** What the program makes of the file; undefined: it is gone. */
function applied(words: readonly string[], name: string, before: string | null, diff: string): string | undefined {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  if (before !== null) writeFileSync(path, before);
  const [program = '', ...rest] = words;
  execFileSync(program, rest, {
    cwd: root,
    input: diff,
    env: { ...process.env, GIT_CEILING_DIRECTORIES: dirname(root) },
  });
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

describe.each(PROGRAMS)('%s', (_, words) => {
  it.each([
    ['a change', 'x', 'a\nb\nc\n', 'a\nB\nc\n'],
    ['a new file', 'etc/new.conf', null, 'a\nb\n'],
    ['a file that was empty', 'x', '', 'a\n'],
    ['an end without a line break', 'x', 'a\nb', 'a\nc'],
    ['an end that gets one', 'x', 'a\nb', 'a\nb\n'],
    ['line breaks of Windows', 'x', 'a\r\nb\r\nc\r\n', 'a\r\nB\r\nc\r\n'],
    ['a name with a space', 'a dir/a file', 'a\n', 'b\n'],
    ['a name with quotes and letters', 'ä"b\\c\n', 'a\n', 'b\n'],
    ['two changes far apart', 'x', `a\n${'m\n'.repeat(20)}z\n`, `A\n${'m\n'.repeat(20)}Z\n`],
  ])('takes %s', (_name, name, before, after) => {
    expect(applied(words, name, before, unifiedDiff(name, before, after))).toBe(after);
  });

  it('takes what random edits make, there and back', () => {
    const { seed, int } = randomOf();
    const line = () => `${'abcd'[int(4)]}\n`;
    for (let i = 0; i < 60; i += 1) {
      const before = Array.from({ length: int(30) + 1 }, line);
      const after = before.flatMap((one) => {
        const dice = int(10);
        return dice < 1 ? [] : dice < 2 ? [one, line()] : dice < 3 ? [line()] : [one];
      });
      const [old, made] = [before.join(''), after.join('')];
      const diff = unifiedDiff('f', old, made);
      if (old === made) expect(diff).toBe('');
      else if (made !== '') expect(applied(words, 'f', old, diff), `seed ${seed}`).toBe(made);
    }
  });
});

it('a diff has no more lines than it has to', () => {
  const diff = unifiedDiff('f', 'a\nb\nc\nd\n', 'a\nc\nd\ne\n');
  expect(diff).toBe('--- a/f\n+++ b/f\n@@ -1,4 +1,4 @@\n a\n-b\n c\n d\n+e\n');
});

it('texts that have nothing in common are one change, and take no time', () => {
  const [before, after] = ['a', 'b'].map((letter) =>
    Array.from({ length: 50_000 }, (_, i) => `${letter}${i}\n`).join(''),
  );
  const diff = unifiedDiff('f', before ?? '', after ?? '');
  expect(diff.split('\n').filter((one) => one.startsWith('@@'))).toEqual(['@@ -1,50000 +1,50000 @@']);
});
