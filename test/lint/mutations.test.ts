// SPDX-License-Identifier: Apache-2.0
// A mutation whose line has changed would be noticed only when somebody runs them all.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MUTATIONS } from '../escape/mutations.ts';

const root = join(import.meta.dirname, '../..');

test.each(MUTATIONS.map((mutation) => [`${mutation.file}: ${mutation.weakness}`, mutation] as const))(
  '%s',
  (_, { file, from, to, test: [tests, names] }) => {
    expect(readFileSync(join(root, 'native', file), 'utf8').split(from)).toHaveLength(2);
    expect(to).not.toBe(from);
    const path = join(root, 'test/escape', tests);
    expect(existsSync(path)).toBe(true);
    expect(readFileSync(path, 'utf8')).toContain(names);
  },
);
