// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const PROJECT = join(import.meta.dirname, '..', '..');
let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'secure-shim-'));
  mkdirSync(join(root, 'bin'));
  mkdirSync(join(root, 'dist'));
  copyFileSync(join(PROJECT, 'bin', 'secure'), join(root, 'bin', 'secure'));
  symlinkSync(join(PROJECT, 'node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'dist', 'cli.js'), 'console.log(JSON.stringify([process.title, process.argv.slice(2)]))');
  writeFileSync(join(root, 'hostile.env'), 'NODE_OPTIONS=--title=taken-over\n');
});
afterAll(() => rmSync(root, { recursive: true }));

// Node 24 looks for --env-file among the arguments of the script too, and obeys NODE_OPTIONS of what it finds there.
it.each([
  [['run', '--env-file', 'hostile.env', 'img']],
  [['run', '--env-file=hostile.env', 'img']],
  [['run', 'img', 'prog', '--env-file', 'hostile.env']],
  [['run', 'img', '--', '--env-file-if-exists=hostile.env']],
])('an environment file for a container is none for Node: %j', (argv) => {
  const [title, seen] = JSON.parse(
    execFileSync(join(root, 'bin', 'secure'), argv, { cwd: root, encoding: 'utf8' }),
  ) as [string, string[]];
  expect(title).not.toBe('taken-over');
  expect(seen).toEqual(argv);
});
