// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { planKey, storePlan } from '../../src/runtime/launch.ts';

const KEY = { argv: ['a', 'b'], cwd: '/c', euid: 0, product: '1' };

it('two different command lines never have the same key', () => {
  const keys = [
    KEY,
    { ...KEY, argv: ['ab'] },
    { ...KEY, argv: ['a', 'b', ''] },
    { ...KEY, argv: ['a1:b'] },
    { ...KEY, argv: ['b'], cwd: '/c1:a' },
    { ...KEY, cwd: '/d' },
    { ...KEY, euid: 1000 },
    { ...KEY, product: '2' },
  ].map(planKey);
  expect(new Set(keys).size).toBe(keys.length);
  expect(planKey({ ...KEY })).toBe(keys[0]);
});

it('a plan is for its owner alone, and nothing else is left beside it', async () => {
  const state = mkdtempSync(join(tmpdir(), 'secure-plan-'));
  try {
    const roots = { state, run: state };
    const path = await storePlan('{"a":1}', planKey(KEY), roots);
    await storePlan('{"a":2}', planKey(KEY), roots);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ a: 2 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(state, 'plans')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(state, 'plans'))).toEqual([`${planKey(KEY)}.json`]);
  } finally {
    rmSync(state, { recursive: true });
  }
});
