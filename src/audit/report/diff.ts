// SPDX-License-Identifier: Apache-2.0
// A comparison of two reports for people: at a terminal, and as a comment.
import { type Colour, paint, printable } from '../../terminal.ts';
import type { DiffFinding, ReportDiff } from '../diff.ts';
import { changeText } from '../trend.ts';
import { code } from './markdown.ts';

/** People read the first of many; JSON has all. */
const SHOWN = 50;

const PARTS = [
  ['added', 'NEW', '+', 'red'],
  ['remaining', 'REMAINING', '=', 'dim'],
  ['unseen', 'NOT LOOKED FOR AGAIN', '?', 'yellow'],
  ['waived', 'WAIVED SINCE', '~', 'dim'],
  ['fixed', 'FIXED', '-', 'green'],
] as const satisfies readonly (readonly [keyof ReportDiff, string, string, Colour])[];

/** `2 new, 3 fixed, 40 remaining` */
function countsText(diff: ReportDiff): string {
  const words = {
    added: 'new',
    fixed: 'fixed',
    remaining: 'remaining',
    waived: 'waived',
    unseen: 'not looked for again',
  };
  return (Object.keys(words) as (keyof typeof words)[])
    .filter((part) => diff[part].length > 0 || part === 'added' || part === 'fixed')
    .map((part) => `${diff[part].length} ${words[part]}`)
    .join(', ');
}

const lineOf = ({ severity, id, target, name, message }: DiffFinding): string =>
  printable(`${severity.padEnd(8)} ${id}  ${target} ${name}: ${message}`);

/** For a terminal. */
export function diffTable(diff: ReportDiff, colour: boolean): string {
  const lines = [`score ${changeText(diff.old.score, diff.new.score)}: ${countsText(diff)}`];
  for (const { target, old, new: now } of diff.sections) lines.push(`  ${target} ${changeText(old, now)}`);
  for (const [part, title, sign, shade] of PARTS) {
    if (diff[part].length === 0) continue;
    lines.push('', paint(title, shade, colour));
    for (const finding of diff[part].slice(0, SHOWN)) lines.push(`${paint(sign, shade, colour)} ${lineOf(finding)}`);
    if (diff[part].length > SHOWN) lines.push(`  and ${diff[part].length - SHOWN} more`);
  }
  return `${lines.join('\n')}\n`;
}

/** For a pull request. */
export function diffMarkdown(diff: ReportDiff): string {
  const lines = [
    `### ${diff.added.length === 0 ? '✅' : '❌'} Security audit: ${changeText(diff.old.score, diff.new.score)}`,
    '',
    `${countsText(diff)}.`,
    '',
  ];
  for (const [part, title] of PARTS) {
    const all = diff[part];
    if (all.length === 0) continue;
    const open = part === 'added' ? ' open' : '';
    lines.push(
      `<details${open}><summary>${title.slice(0, 1)}${title.slice(1).toLowerCase()} (${all.length})</summary>`,
      '',
    );
    lines.push('| severity | check | where | what |', '|---|---|---|---|');
    for (const { severity, id, target, name, message } of all.slice(0, SHOWN))
      lines.push(`| ${severity} | ${code(id)} | ${code(`${target} ${name}`)} | ${code(message)} |`);
    if (all.length > SHOWN) lines.push('', `And ${all.length - SHOWN} more.`);
    lines.push('', '</details>', '');
  }
  return lines.join('\n');
}
