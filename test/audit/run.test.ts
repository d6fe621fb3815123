// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/audit/checks/index.ts';
import { report, results } from '../../src/audit/run.ts';
import type { Check } from '../../src/audit/types.ts';
import { checkFiles } from '../support/audit.ts';
import { checkOf, PASS } from '../support/report.ts';

const passing: Check<{ n: number }, unknown> = { ...checkOf('SEC-HOST-0001', 'low'), check: () => PASS };

describe('results', () => {
  it('are those of every check, with the facts given', () => {
    const second: Check<{ n: number }, unknown> = {
      ...checkOf('SEC-HOST-0002', 'low'),
      check: ({ n }) => ({ status: 'unknown', why: `n is ${n}` }),
    };
    expect(results([passing, second], { n: 3 }).map(({ verdict }) => verdict)).toEqual([
      PASS,
      { status: 'unknown', why: 'n is 3' },
    ]);
  });

  it('a check that throws hides nothing: there is no report, and the error names it', () => {
    const broken: Check<object, unknown> = {
      ...checkOf('SEC-HOST-0003', 'low'),
      check: () => {
        throw new TypeError('x is not iterable');
      },
    };
    expect(() => results([passing, broken], { n: 1 })).toThrow(
      expect.objectContaining({ code: 'INTERNAL', exitCode: 4, message: expect.stringContaining('SEC-HOST-0003') }),
    );
  });
});

it('a report says what made it and when', () => {
  const { product, generated } = report([], new Date(0));
  expect(product).toMatch(/^\d+\.\d+\.\d+/);
  expect(generated).toBe('1970-01-01T00:00:00.000Z');
});

describe('the index', () => {
  it('has every check that there is, under its target', async () => {
    const indexed = Object.entries(CHECKS).flatMap(([target, list]) => list.map(({ id }) => `${target} ${id}`));
    const files = (await checkFiles()).map(({ file, check }) => `${file.split('/')[0]} ${check.id}`);
    expect(indexed.toSorted()).toEqual(files.toSorted());
  });

  it('and the page are what the generator writes', () => {
    const generator = join(import.meta.dirname, '../../scripts/generate/checks.ts');
    expect(spawnSync(process.execPath, [generator, '--check'], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stdout: '',
    });
  });
});
