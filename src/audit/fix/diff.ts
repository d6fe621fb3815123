// SPDX-License-Identifier: Apache-2.0
// Unified diffs as `git apply` and `patch -p1` take them. Lines by Myers, "An O(ND) Difference Algorithm and Its Variations" (1986).
import type { FileChange } from './types.ts';

const CONTEXT = 3;
/** Steps that are searched; beyond, everything between what is the same at both ends is one change. */
const MOST_STEPS = 1000;

/** Half open: lines of the old text that lines of the new one replace. */
interface Change {
  readonly from: number;
  readonly to: number;
  readonly newFrom: number;
  readonly newTo: number;
}

/** Lines with their ends; the last one may have none. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** The furthest line on each diagonal, -d to d, before each step d; undefined: they differ in more than is searched. */
function trace(a: readonly string[], b: readonly string[]): Int32Array[] | undefined {
  const most = Math.min(MOST_STEPS, a.length + b.length);
  const v = new Int32Array(2 * most + 3);
  const middle = most + 1;
  const steps: Int32Array[] = [];
  for (let d = 0; d <= most; d += 1) {
    steps.push(v.slice(middle - d - 1, middle + d + 2));
    for (let k = -d; k <= d; k += 2) {
      const [left, right] = [v[middle + k - 1] ?? 0, v[middle + k + 1] ?? 0];
      let x = k === -d || (k !== d && left < right) ? right : left + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      v[middle + k] = x;
      if (x >= a.length && x - k >= b.length) return steps;
    }
  }
  return undefined;
}

function changesOf(a: readonly string[], b: readonly string[]): Change[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) [endA, endB] = [endA - 1, endB - 1];
  const [innerA, innerB] = [a.slice(start, endA), b.slice(start, endB)];
  if (innerA.length + innerB.length === 0) return [];
  const steps = trace(innerA, innerB);
  if (steps === undefined) return [{ from: start, to: endA, newFrom: start, newTo: endB }];
  const edits: { x: number; y: number; px: number; py: number }[] = [];
  let [x, y] = [innerA.length, innerB.length];
  for (let d = steps.length - 1; d > 0; d -= 1) {
    const at = (diagonal: number): number => steps[d]?.[diagonal + d + 1] ?? 0;
    const k = x - y;
    const down = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const before = down ? k + 1 : k - 1;
    const px = at(before);
    const py = px - before;
    edits.unshift({ px, py, x: down ? px : px + 1, y: down ? py + 1 : py });
    [x, y] = [px, py];
  }
  const changes: Change[] = [];
  for (const { px, py, x: toX, y: toY } of edits) {
    const last = changes.at(-1);
    const one = { from: start + px, to: start + toX, newFrom: start + py, newTo: start + toY };
    if (last !== undefined && last.to === one.from && last.newTo === one.newFrom)
      changes.splice(-1, 1, { ...last, to: one.to, newTo: one.newTo });
    else changes.push(one);
  }
  return changes;
}

/** A name as both programs read it: in quotes of C where it has what ends a line or a word. */
function header(prefix: string, name: string): string {
  const path = `${prefix}/${name}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is quoted
  if (!/[\u0000-\u001f"\\\u007f-\uffff]/.test(path)) return path.includes(' ') ? `${path}\t` : path;
  const bytes = [...Buffer.from(path)].map((byte) =>
    byte === 0x22 || byte === 0x5c
      ? `\\${String.fromCharCode(byte)}`
      : byte < 0x20 || byte > 0x7e
        ? `\\${byte.toString(8).padStart(3, '0')}`
        : String.fromCharCode(byte),
  );
  return `"${bytes.join('')}"`;
}

const range = (from: number, count: number): string =>
  count === 1 ? `${from + 1}` : `${count === 0 ? from : from + 1},${count}`;

const marked = (mark: string, lines: readonly string[]): string =>
  lines.map((line) => (line.endsWith('\n') ? mark + line : `${mark}${line}\n\\ No newline at end of file\n`)).join('');

/** @param name what the file is called in it, relative */
export function unifiedDiff(name: string, before: string | null, after: string): string {
  const [a, b] = [linesOf(before ?? ''), linesOf(after)];
  const changes = changesOf(a, b);
  if (changes.length === 0 && before !== null) return '';
  const groups: Change[][] = [];
  for (const change of changes) {
    const last = groups.at(-1)?.at(-1);
    if (last !== undefined && change.from - last.to <= 2 * CONTEXT) groups.at(-1)?.push(change);
    else groups.push([change]);
  }
  const hunks = groups.map((group) => {
    const [first, last] = [group[0] as Change, group.at(-1) as Change];
    const from = Math.max(0, first.from - CONTEXT);
    const to = Math.min(a.length, last.to + CONTEXT);
    const newFrom = first.newFrom - (first.from - from);
    const newTo = last.newTo + (to - last.to);
    let at = from;
    const body = group.map((change) => {
      const same = marked(' ', a.slice(at, change.from));
      at = change.to;
      return same + marked('-', a.slice(change.from, change.to)) + marked('+', b.slice(change.newFrom, change.newTo));
    });
    const head = `@@ -${range(from, to - from)} +${range(newFrom, newTo - newFrom)} @@\n`;
    return head + body.join('') + marked(' ', a.slice(at, to));
  });
  const old = before === null ? '/dev/null' : header('a', name);
  return `--- ${old}\n+++ ${header('b', name)}\n${hunks.join('')}`;
}

/** Of all files of a plan, one after the other. @param nameOf relative name of a path */
export const diffOf = (files: readonly FileChange[], nameOf: (path: string) => string): string =>
  files.map(({ path, before, after }) => unifiedDiff(nameOf(path), before, after)).join('');
