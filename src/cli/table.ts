// SPDX-License-Identifier: Apache-2.0
import { stripVTControlCharacters } from 'node:util';
import { printable } from './output.ts';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  /** Applied after padding was computed, so that colour does not shift columns. */
  readonly paint?: (text: string, row: Row) => string;
}

const GAP = '   ';

/** Docker-like columns: a title line, three spaces between columns, no borders, nothing after the last cell. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) => columns.map((column) => printable(column.value(row))));
  // A title may be the name of a container.
  const titles = columns.map(({ title }) => printable(title));
  const widths = titles.map((title, i) =>
    Math.max(title.length, ...cells.map((line) => stripVTControlCharacters(line[i] ?? '').length)),
  );
  const pad = (text: string, i: number): string =>
    i === columns.length - 1 ? '' : ' '.repeat((widths[i] ?? 0) - text.length);
  const head = titles.map((title, i) => title + pad(title, i)).join(GAP);
  const body = rows.map((row, r) =>
    columns
      .map((column, i) => {
        const text = cells[r]?.[i] ?? '';
        return (column.paint?.(text, row) ?? text) + pad(text, i);
      })
      .join(GAP),
  );
  return [head, ...body].map((line) => line.trimEnd()).join('\n');
}
