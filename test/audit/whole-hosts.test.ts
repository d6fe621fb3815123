// SPDX-License-Identifier: Apache-2.0
// What is found on a whole host, by all checks at once and from files alone: exactly what fixtures/ says. UPDATE_FIXTURES=1 writes that
// anew, to be read before it is committed.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CHECKS } from '../../src/audit/checks/index.ts';
import { collectHost } from '../../src/audit/facts/host.ts';
import type { Verdict } from '../../src/audit/types.ts';
import { temporaryDirectory } from '../support/store.ts';
import { CARELESS, HARDENED, type HostTree, layHost } from './whole-hosts.ts';

/** A verdict in a line: of problems the keys, which say what is wrong and are compared between reports. */
function inShort(verdict: Verdict): string | readonly string[] {
  if (verdict.status === 'fail') return verdict.problems.map(({ key, message }) => `${key}: ${message}`);
  return verdict.status === 'pass' ? 'pass' : `${verdict.status}: ${verdict.why}`;
}

async function judged(tree: HostTree) {
  const root = temporaryDirectory();
  onTestFinished(await layHost(root, tree));
  const facts = await collectHost(root);
  const verdicts = CHECKS.host.map((check) => [check.id, inShort(check.check(facts))] as const);
  return Object.fromEntries(verdicts);
}

describe('every check of a whole host', () => {
  it.each([
    ['hardened', HARDENED],
    ['careless', CARELESS],
  ])('%s: exactly what is known of it', async (name, tree) => {
    const path = join(import.meta.dirname, 'fixtures', `host-${name}.json`);
    const found = await judged(tree);
    if (process.env.UPDATE_FIXTURES === '1') writeFileSync(path, `${JSON.stringify(found, null, 2)}\n`);
    expect(found).toEqual(JSON.parse(readFileSync(path, 'utf8')));
  });

  it('hardened: nothing is open, and nothing unknown', async () => {
    const open = Object.entries(await judged(HARDENED)).filter(
      ([, said]) => said !== 'pass' && !(typeof said === 'string' && said.startsWith('not-applicable: ')),
    );
    expect(open).toEqual([]);
  });

  it('careless: everything is open that applies to such a host', async () => {
    const held = Object.entries(await judged(CARELESS)).filter(([, said]) => typeof said === 'string');
    // AppArmor takes user namespaces away there, so that programs can get them back by another profile: SEC-HOST-0087.
    expect(held.filter(([, said]) => said === 'pass')).toEqual([['SEC-HOST-0105', 'pass']]);
  });
});
