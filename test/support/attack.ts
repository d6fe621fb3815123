// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Compile test/escape/fixtures/attack.c into a directory; the path of the static program. */
export function compileAttack(directory: string): string {
  const program = join(directory, 'attack');
  const source = join(import.meta.dirname, '../escape/fixtures/attack.c');
  execFileSync('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-static', '-o', program, source]);
  return program;
}

/** A layer with /bin/attack, for the plan of any image; the path of its root. */
export function attackLayer(directory: string): string {
  const root = join(directory, 'attack-layer');
  mkdirSync(join(root, 'bin'), { recursive: true });
  compileAttack(join(root, 'bin'));
  return root;
}

export const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** The mounts of this machine as this process sees them, without their ids. */
export const hostMounts = (): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.replace(/^\d+ \d+ /, ''))
    .sort();

/** `NAME ERRNO` lines. */
export const answers = (stdout: string): Record<string, string> =>
  Object.fromEntries(
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ') as [string, string]),
  );
