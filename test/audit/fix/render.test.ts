// SPDX-License-Identifier: Apache-2.0
// What is printed is one patch, and comments: nothing of a hostile name becomes either.
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { commandsOf, planText } from '../../../src/audit/fix/render.ts';
import type { Plan } from '../../../src/audit/fix/types.ts';

const HOSTILE = [
  '/etc/x\n--- a/etc/passwd\n+++ b/etc/passwd\n@@ -1 +1 @@\n-a\n+b\n',
  "/etc/it's",
  '/etc/$(id) `id` "x" \\',
  '/etc/\u001b[2J',
  "/etc/\\'\n$(id)",
];
const file = { type: 'file', mode: 0o666, uid: 1, gid: 1 } as const;
const planOf = (path: string): Plan => ({
  ...{ root: '/', machine: true, files: [], settings: [], next: [], repairs: [], left: [] },
  access: [{ path, before: file, uid: 0, gid: 0, mode: 0o644 }],
});

describe.each(HOSTILE)('%j', (path) => {
  it('stays within its comment', () => {
    const lines = planText(planOf(path), false).trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatch(/^# /);
  });

  it('stays within what a person has to do', () => {
    const next = [{ command: 'systemctl restart docker', why: `dockerd reads ${path}` }];
    const lines = planText({ ...planOf('/etc/a'), next }, false)
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(5);
    for (const line of lines) expect(line).toMatch(/^# /);
  });

  it('is the same word to a shell', () => {
    for (const command of commandsOf(planOf(path))) {
      const words = execFileSync('bash', ['-ec', `printf '%s\\0' ${command}`], { encoding: 'utf8' });
      expect(words.split('\0').slice(0, -1).at(-1)).toBe(path);
    }
  });
});

it('a terminal is not steered by what a file has in it', () => {
  const plan: Plan = {
    ...{ root: '/', machine: true, access: [], settings: [], next: [], repairs: [], left: [] },
    files: [{ path: '/etc/f', before: 'a\u001b[2J\n', after: 'b\u001b[2J\n' }],
  };
  expect(planText(plan, true)).toContain('-a\\x1b[2J\n+b\\x1b[2J\n');
  expect(planText(plan, false)).toContain('-a\u001b[2J\n+b\u001b[2J\n');
});
