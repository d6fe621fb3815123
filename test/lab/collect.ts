// SPDX-License-Identifier: Apache-2.0
// From what a guest wrote on its second serial port to points. The frame is the guest runner's; what tests print comes with
// a prefix, so that no output of a test can pass for a result.
import { tapCounts } from '../../scripts/test/counts.ts';

export interface Point {
  readonly name: string;
  readonly ok: boolean;
  readonly skipped?: boolean;
  /** What was printed, when it failed. */
  readonly details: readonly string[];
}

interface Block {
  readonly lines: string[];
  exitCode: number | null;
}

function blocks(stream: string): { found: Map<string, Block>; done: boolean } {
  const found = new Map<string, Block>();
  let open: Block | undefined;
  let done = false;
  for (const line of stream.replaceAll('\r', '').split('\n')) {
    const begin = /^#begin (\S+ \S+)$/.exec(line);
    const end = /^#end (\S+ \S+) (\d+)$/.exec(line);
    if (begin?.[1] !== undefined) {
      open = { lines: [], exitCode: null };
      found.set(begin[1], open);
    } else if (end?.[1] !== undefined) {
      const block = found.get(end[1]);
      if (block !== undefined) block.exitCode = Number(end[2]);
      open = undefined;
    } else if (line.startsWith('| ')) open?.lines.push(line.slice(2));
    else if (line === '#done') done = true;
  }
  return { found, done };
}

/** The points of a program that printed TAP itself: its own, and one more when they do not add up. */
function tapPoints(name: string, block: Block): Point[] {
  const points: Point[] = [];
  let details: string[] = [];
  let failed = false;
  for (const line of block.lines) {
    const result = /^(not )?ok \d+ - (.*?)(\s+# SKIP\b.*)?$/i.exec(line);
    if (result !== null) {
      failed = result[1] !== undefined;
      details = [];
      points.push({ name: `${name}/${result[2]}`, ok: !failed, skipped: result[3] !== undefined, details });
    } else if (failed && line.startsWith('#  ')) details.push(line.replace(/^# */, ''));
  }
  const counts = tapCounts(block.lines.join('\n'), block.exitCode);
  if (counts.failed > points.filter((point) => !point.ok).length)
    points.push({
      name: `${name}: ends as planned`,
      ok: false,
      details: [`exit code ${block.exitCode ?? 'none'}`, ...block.lines.slice(-20)],
    });
  return points;
}

/**
 * The points of one form. Whatever was planned and has no end is a failure, and so is a guest that did not come to its end.
 * @param trouble why the host ended the guest; undefined: it switched itself off
 */
export function collect(plan: readonly string[], stream: string, trouble?: string): Point[] {
  const { found, done } = blocks(stream);
  const points: Point[] = [];
  for (const entry of plan) {
    const [file = '', test = ''] = entry.split(' ');
    const name = file.replace(/_test\.sh$|\.tap$/, '');
    const block = found.get(entry);
    const title = test === '-' ? name : `${name}/${test.replaceAll('_', ' ')}`;
    if (block === undefined) points.push({ name: title, ok: false, details: ['never ran'] });
    else if (test === '-') points.push(...tapPoints(name, block));
    else if (block.exitCode === 0) points.push({ name: title, ok: true, details: [] });
    else
      points.push({
        name: title,
        ok: false,
        details: [...block.lines.slice(-60), block.exitCode === null ? 'never ended' : `exit code ${block.exitCode}`],
      });
  }
  if (plan.length === 0) points.push({ name: 'has tests', ok: false, details: ['no test is for this form'] });
  if (!done || trouble !== undefined)
    points.push({
      name: 'the guest ends by itself',
      ok: false,
      details: [trouble ?? 'it stopped before its last test'],
    });
  return points;
}
