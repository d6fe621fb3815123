// SPDX-License-Identifier: Apache-2.0
// Every check of hosts that has a repair, by its own examples: a machine that is so, as a tree of files, is repaired, read again, and passes.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OF_USER } from '../../src/audit/checks/host/shared/docker.ts';
import { collectHost, type HostFacts } from '../../src/audit/facts/host.ts';
import { applyPlan } from '../../src/audit/fix/apply.ts';
import { planHost } from '../../src/audit/fix/host.ts';
import { isEmpty } from '../../src/audit/fix/types.ts';
import { auditCollected } from '../../src/audit/recorded.ts';
import type { Check } from '../../src/audit/types.ts';
import { checkFiles, exampleReader } from '../support/audit.ts';
import { startHost, writeHost } from '../support/host-tree.ts';

let root: string;
let state: string;
beforeEach(() => {
  [root, state] = ['secure-host-', 'secure-undo-'].map((name) => mkdtempSync(join(tmpdir(), name))) as [string, string];
});
afterEach(() => {
  for (const one of [root, state]) rmSync(one, { recursive: true, force: true });
});

const checks = (await checkFiles())
  .map(({ check }) => check as unknown as Check<HostFacts, unknown>)
  .filter(({ fix, target }) => fix !== undefined && target === 'host');
const read = await exampleReader('host');

const plan = (facts: HostFacts, id: string) => {
  const [audited] = auditCollected([{ target: 'host', name: root, facts }]);
  if (audited === undefined) throw new Error('nothing was audited');
  return planHost(audited, facts, { all: true, only: new Set([id]) });
};
/** Every file with its content and permissions. */
const everything = (): string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mode, uid, gid } = statSync(path);
      return [path, mode, uid, gid, entry.isFile() ? readFileSync(path, 'utf8') : ''].join(' ');
    })
    .sort();

describe.each(checks.map((check) => [check.id, check] as const))('%s', (id, check) => {
  it('repairs a machine like its examples, once', async () => {
    let repaired = 0;
    for (const { bad } of check.examples) {
      rmSync(root, { recursive: true, force: true });
      const example = read(bad) as HostFacts;
      const verdict = check.check(example);
      const problems = verdict.status === 'fail' ? verdict.problems : [];
      if (problems.every(({ key }) => key.includes(OF_USER))) {
        // A home is not among what is written here; what lies in one is its user's to change.
        expect(problems.map((problem) => check.fix?.edits(example, problem, ''))).toEqual([[]]);
        continue;
      }
      writeHost(root, example);
      const facts = await collectHost(root);
      expect(check.check(facts).status).toBe('fail');
      const before = everything();
      const first = plan(facts, id);
      expect(everything()).toEqual(before);
      if (isEmpty(first)) {
        expect(first.left.map((one) => one.id)).toContain(id);
        expect(first.repairs).toEqual([]);
        continue;
      }
      repaired += 1;
      applyPlan(first, state);
      startHost(root);
      const after = await collectHost(root);
      expect([check.check(after), bad]).toEqual([{ status: 'pass' }, bad]);
      expect(isEmpty(plan(after, id))).toBe(true);
    }
    expect(repaired).toBeGreaterThan(0);
  });
});
