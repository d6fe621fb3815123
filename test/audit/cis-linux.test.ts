// SPDX-License-Identifier: Apache-2.0
// The table of docs/reference/cis-linux.md: every recommendation once, with the checks that carry its number, or the reason why none does.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CHECKS } from '../../src/audit/checks/index.ts';
import { tableBelow } from '../support/doc-table.ts';

const document = readFileSync(join(import.meta.dirname, '../../docs/reference/cis-linux.md'), 'utf8');
const headings = [...document.matchAll(/^## .*$/gm)].map(([heading]) => heading);
const rows = headings.flatMap((heading) => tableBelow(document, heading));
const count = (prefix: string, n: number) => Array.from({ length: n }, (_, i) => `${prefix}.${i + 1}`);

it('has all recommendations of sections 1 to 6, once, in order', () => {
  expect(rows.map(({ names }) => names)).toEqual(
    [
      ...[
        ...count('1.1.1', 8),
        ...count('1.1', 23).slice(1),
        ...count('1.2', 2),
        ...count('1.3', 2),
        ...count('1.4', 4),
      ],
      ...[
        ...count('1.5', 4),
        '1.6.1.1',
        ...count('1.6.2', 6),
        ...count('1.6.3', 2),
        ...count('1.7.1', 6),
        '1.7.2',
        '1.8',
      ],
      ...[...count('2.1', 10), ...count('2.2.1', 4), ...count('2.2', 17).slice(1), ...count('2.3', 5)],
      ...[...count('3.1', 2), ...count('3.2', 9), ...count('3.3', 5), ...count('3.4', 4), ...count('3.5.1', 4)],
      ...[...count('3.5.2', 4), '3.5.3', '3.6', '3.7', ...count('4.1.1', 3), ...count('4.1', 19).slice(1)],
      ...[...count('4.2.1', 6), ...count('4.2.2', 3), '4.2.3', '4.3', ...count('5.1', 8), ...count('5.2', 23)],
      ...[...count('5.3', 4), ...count('5.4.1', 5), ...count('5.4', 5).slice(1), '5.5', '5.6'],
      ...[...count('6.1', 14), ...count('6.2', 20)],
    ].map((id) => [id]),
  );
});

it('names the checks that carry the number, and no others', () => {
  const labelled = CHECKS.host.flatMap(({ id, frameworks }) =>
    (frameworks as readonly string[]).flatMap((name) =>
      name.startsWith('CIS-DIL-2.0:') ? [`${name.slice('CIS-DIL-2.0:'.length)} ${id}`] : [],
    ),
  );
  const named = rows.flatMap(({ names: [id = ''], checks }) => checks.map((check) => `${id} ${check}`));
  expect(named.sort()).toEqual(labelled.sort());
  expect(named.length).toBeGreaterThan(100);
});

it('says why not where there is no check, and names only checks that there are', () => {
  const ids = new Set<string>(CHECKS.host.map(({ id }) => id));
  for (const { checks, text, names } of rows) {
    expect(text.length, names.join()).toBeGreaterThan(checks.length === 0 ? 15 : 0);
    for (const [id] of text.matchAll(/SEC-HOST-\d{4}/g)) expect(ids.has(id)).toBe(true);
  }
  const asked = rows.filter(({ checks }) => checks.length > 0).length;
  expect(document).toContain(`${asked} of ${rows.length} are asked for`);
});
