// SPDX-License-Identifier: Apache-2.0
// The report as a comment on a pull request (GitHub Flavored Markdown). What comes from outside stands in code, where nothing is a link, a picture, a
// mention of somebody or the end of a table.
import { printable } from '../../terminal.ts';
import { count, reportScore } from '../score.ts';
import type { AnyCheck, Report } from '../types.ts';
import { type Finding, findings, place, undecided } from './findings.ts';
import { countsText } from './table.ts';

/** A comment has at most 65,536 characters. */
const ROWS = 100;
const TEXT = 240;
const LIMIT = 60_000;

const cut = (text: string): string => (text.length > TEXT ? `${text.slice(0, TEXT)}…` : text);

/** A code span: its fence is longer than every run of backticks in it. In a table a bar ends the cell even there. */
export function code(text: string): string {
  const shown = cut(printable(text.toWellFormed())).replace(/\s+/g, ' ').trim();
  if (shown === '') return '';
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const space = shown.startsWith('`') || shown.endsWith('`') ? ' ' : '';
  return `${fence}${space}${shown.replaceAll('|', '\\|')}${space}${fence}`;
}

/** Text of checks, whose words are ours or those of the policy: it means only itself. A mention has no escape, so something invisible parts it. */
const prose = (text: string): string =>
  cut(printable(text).replace(/\s+/g, ' '))
    .replace(/[\\`*_{}[\]()#+!|<>~&:.]/g, '\\$&')
    .replaceAll('@', '@\u2060');

const MARK = { critical: '🟥', high: '🟧', medium: '🟨', low: '🟦' } as const;

function row({ audited, check, problem, advisory }: Finding): string {
  const where = place(audited, problem);
  const at = where.startsWith(audited.name) ? where : [audited.name, where].filter((part) => part !== '').join(', ');
  const { waiver, known } = problem;
  const why =
    waiver !== undefined ? `, waived until ${prose(waiver.expires)}` : known === true ? ', in the baseline' : '';
  const kind = `${check.severity}${advisory ? ', does not count' : why}`;
  return `| ${MARK[check.severity]} ${kind} | ${code(check.id)} | ${code(at)} | ${code(problem.message)} |`;
}

function advice(checks: readonly AnyCheck[]): string[] {
  if (checks.length === 0) return [];
  const items = checks.map(({ id, remediation }) => `- ${code(id)} ${prose(remediation)}`);
  return ['<details><summary>What to do</summary>', '', ...items, '', '</details>', ''];
}

/** Lines as long as they fit; how many were left out is said. */
function fitting(lines: readonly string[], room: number): string[] {
  const kept: string[] = [];
  let used = 0;
  for (const line of lines.slice(0, ROWS)) {
    used += line.length + 1;
    if (used > room) break;
    kept.push(line);
  }
  return kept;
}

/** What makes it a bad one. */
const counts = ({ advisory, problem }: Finding): boolean =>
  !advisory && problem.waiver === undefined && problem.known !== true;

export function reportMarkdown(report: Report): string {
  const all = findings(report);
  const rows = fitting(all.map(row), LIMIT / 2);
  const value = reportScore(report.audited);
  const numbers = countsText(count(report.audited.flatMap(({ results }) => results)));
  const checks = [...new Set(all.slice(0, rows.length).map(({ check }) => check))];
  const open = report.audited.flatMap((audited) =>
    undecided(audited).map(({ check, why }) => `- ${code(check.id)} ${code(audited.name)} ${code(why)}`),
  );
  return [
    `### ${all.some(counts) ? '❌' : '✅'} Security review`,
    '',
    report.audited.length === 0
      ? 'There was nothing to look at.'
      : `${value === null ? '' : `Score ${value}: `}${numbers}.`,
    '',
    ...(rows.length === 0 ? [] : ['| severity | check | where | what |', '|---|---|---|---|', ...rows, '']),
    ...(rows.length < all.length ? [`And ${all.length - rows.length} more.`, ''] : []),
    ...advice(checks),
    ...(open.length === 0 ? [] : ['Could not be decided:', '', ...fitting(open, LIMIT / 4), '']),
    ...(report.notes === undefined
      ? []
      : [
          ...fitting(
            report.notes.map((note) => `- ${code(note)}`),
            LIMIT / 8,
          ),
          '',
        ]),
    `secure ${report.product}`,
    '',
  ].join('\n');
}
