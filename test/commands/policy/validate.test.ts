// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';

// Each test starts programs.
vi.setConfig({ testTimeout: 60_000 });

const dir = mkdtempSync(join(tmpdir(), 'secure-validate-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const cli = join(import.meta.dirname, '../../../src/cli.ts');

function validate(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [cli, 'policy', 'validate', ...args], { cwd: dir, encoding: 'utf8' });
}

const HEAD = 'apiVersion: secure/v1\nkind: Policy\n';
writeFileSync(join(dir, 'good.yaml'), `${HEAD}extends: strict\nrun: {memory: 512Mi}\n`);
writeFileSync(join(dir, 'bad.yaml'), `${HEAD}run:\n  memroy: "\u001b[2J"\n`);

test('a valid file is said to be one', () => {
  expect(validate('good.yaml')).toMatchObject({ status: 0, stdout: 'good.yaml: valid\n' });
});

test('a problem is file:line:column: code: message, the line and a caret; text cannot steer the terminal', () => {
  const { status, stdout } = validate('good.yaml', 'bad.yaml');
  expect(status).toBe(1);
  const lines = stdout.split('\n');
  expect(lines[1]).toMatch(/^bad\.yaml:4:3: POLICY_UNKNOWN_KEY: .*did you mean "memory"\?$/);
  expect(lines.slice(2, 4)).toEqual(['    memroy: " [2J"', '    ^']);
  expect(stdout).not.toContain('\u001b');
});

test('--json says the same for programs', () => {
  const { status, stdout } = validate('--json', 'bad.yaml', 'none.yaml');
  expect(status).toBe(1);
  const { schemaVersion, valid, policies } = JSON.parse(stdout);
  expect([schemaVersion, valid]).toEqual([1, false]);
  expect(policies[0].problems[0]).toMatchObject({ code: 'POLICY_UNKNOWN_KEY', file: 'bad.yaml', line: 4, column: 3 });
  expect(policies[1].problems[0].code).toBe('POLICY_UNREADABLE');
});

test('a built-in policy goes by its name, as for run --profile', () => {
  const { status, stdout } = validate('strict', 'baseline');
  expect([status, stdout]).toEqual([0, 'strict: valid\nbaseline: valid\n']);
});

test('a name that is none is answered with the nearest, and with how a file is written', () => {
  const { status, stdout } = validate('--json', 'stric');
  expect(status).toBe(1);
  const [problem] = JSON.parse(stdout).policies[0].problems;
  expect(problem.code).toBe('PROFILE_UNKNOWN');
  expect([problem.message, problem.hint]).toEqual([
    expect.stringContaining('strict'),
    expect.stringContaining('./FILE.yaml'),
  ]);
});

test('no file is a usage error', () => {
  expect(validate().status).toBe(2);
});
