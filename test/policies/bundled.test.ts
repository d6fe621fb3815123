// SPDX-License-Identifier: Apache-2.0
// What dist/ holds of the policy language in place of its source: the same answers, to the last line number.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { made } from '../../scripts/bundle/made.ts';
import { BUILTINS } from '../../src/policies/builtin.ts';
import * as fromSource from '../../src/policies/index.ts';
import { parsedBuiltin } from '../../src/policies/parsed.ts';
import { filesIo, policy } from './files.ts';

const source = join(import.meta.dirname, '../../src/policies');
const dir = mkdtempSync(join(tmpdir(), 'secure-bundled-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let bundled: typeof fromSource & { parsedBuiltin: typeof parsedBuiltin };
let text = '';
beforeAll(async () => {
  const contents = `export * from './index.ts'; export * from './parsed.ts';`;
  const outfile = join(dir, 'policies.mjs');
  await build({
    stdin: { contents, resolveDir: source },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    plugins: [made],
  });
  bundled = await import(/* @vite-ignore */ pathToFileURL(outfile).href);
  text = readFileSync(outfile, 'utf8');
});

test.each(BUILTINS)('%s is what parsing its file gives', async (name) => {
  expect(await bundled.parsedBuiltin(name)).toStrictEqual(await parsedBuiltin(name));
});

test.each(fromSource.PROFILES)('%s is the same policy', async (name) => {
  const io = filesIo({});
  expect(await bundled.loadPolicy(name, io)).toStrictEqual(await fromSource.loadPolicy(name, io));
});

describe('files', () => {
  const files = {
    'good.yaml': policy('extends: [strict, nginx]\nrun: {memory: 512Mi}\n'),
    'loose.yaml': policy('extends: strict\nrun: {memory: 900Gi}\n'),
    'bad.yaml': policy(
      'run:\n  memroy: 1\n  pids: -3\n  lsm: perhaps\n  readOnly: 1\n  capabilities: KILL\n  ceilings: {x: 1}\nrules: []\n',
    ),
    'lists.yaml': policy(
      'workloads:\n  - {user: [], grants: 1}\n  - match: [""]\nmetadata: {name: É}\nextends: 7\nrun: {binds: {access: rw}}\n',
    ),
    'short.yaml': 'kind: Policy\n',
    'list.yaml': '- 1\n',
  };
  test.each(Object.keys(files))('%s: the same problems, or none', async (name) => {
    const expected = await fromSource.validatePolicy(name, filesIo(files));
    expect(await bundled.validatePolicy(name, filesIo(files))).toStrictEqual(expected);
    expect(expected.problems.length > 0).toBe(name !== 'good.yaml');
  });
});

test('nothing of it is compiled while it runs', () => {
  expect(text).not.toMatch(/\bnew Function\b|\bFunction\(|\beval\(/);
});
