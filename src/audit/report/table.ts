// SPDX-License-Identifier: Apache-2.0
// The report for people at a terminal: what is wrong, where, and what to do; the rest is counted.
import { type Colour, paint, printable } from '../../terminal.ts';
import { type Counts, count, isWaived, reportScore, score, sectionsOf } from '../score.ts';
import { changeText, sparkline } from '../trend.ts';
import { type AnyCheck, type Audited, type Problem, type Report, SEVERITIES, type Severity } from '../types.ts';
import { bySeverity, place, undecided } from './findings.ts';

export interface TableOptions {
  readonly colour: boolean;
  /** Passed and not applicable checks too, and why each check is there. */
  readonly verbose: boolean;
}

const COLOURS: Readonly<Record<Severity, Colour>> = { critical: 'red', high: 'red', medium: 'yellow', low: 'dim' };

/** Of a check that found the same in a thousand places, people read the first. */
const SHOWN = 10;

const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`;

/** `2 high, 1 low`, or '' when nothing failed. */
function failedText({ failed }: Counts): string {
  return SEVERITIES.filter((severity) => failed[severity] > 0)
    .map((severity) => `${failed[severity]} ${severity}`)
    .join(', ');
}

const scoreText = (value: number | null): string => (value === null ? 'no score' : `score ${value}`);

/** `3 of 40 checks failed (2 high, 1 low), 37 passed, 4 not applicable, 1 unknown`. */
export function countsText(counts: Counts): string {
  const { pass, fail, notApplicable, unknown, waived } = counts;
  if (pass + fail + waived === 0) return `nothing was decided, ${notApplicable} not applicable, ${unknown} unknown`;
  const parts = [
    fail === 0 ? 'nothing failed' : `${fail} of ${plural(pass + fail, 'check')} failed (${failedText(counts)})`,
    `${pass} passed`,
    ...(waived === 0 ? [] : [`${waived} waived`]),
    ...(notApplicable === 0 ? [] : [`${notApplicable} not applicable`]),
    ...(unknown === 0 ? [] : [`${unknown} unknown`]),
  ];
  return parts.join(', ');
}

const summaryText = (counts: Counts, value: number | null): string => `${scoreText(value)}: ${countsText(counts)}`;

/** ` (in the baseline)`, ` (waived until 2027-01-31 by ops: the reason)`, or ''. */
const noteOf = ({ waiver, known }: Problem): string =>
  waiver === undefined
    ? known === true
      ? ' (in the baseline)'
      : ''
    : ` (waived until ${waiver.expires} by ${waiver.owner}: ${waiver.reason})`;

/** `trend: ▃▄▅ 41 -> 63 (up 22), 10 audits`, or nothing. */
function trendLines({ history }: Report): string[] {
  const [first, last] = [history?.[0], history?.at(-1)];
  if (history === undefined || first === undefined || last === undefined || history.length < 2) return [];
  const line = sparkline(history.map(({ score }) => score));
  return [`trend: ${line} ${changeText(first.score, last.score)}, ${history.length} audits`];
}

/** The command that does it. */
const commandOf = ({ fix, target }: AnyCheck): string =>
  fix === undefined ? '' : ` Or 'secure audit ${target} --fix${fix.risk === undefined ? '' : '-all'}'.`;

function failures(audited: Audited, { colour, verbose }: TableOptions): string[] {
  const lines: string[] = [];
  const failed = audited.results.filter(({ verdict }) => verdict.status === 'fail').toSorted(bySeverity);
  for (const severity of SEVERITIES) {
    const group = failed.filter(({ check }) => check.severity === severity);
    if (group.length > 0) lines.push('', `  ${paint(severity.toUpperCase(), COLOURS[severity], colour)}`);
    for (const result of group) {
      const { check, verdict } = result;
      lines.push(
        `  ${paint(isWaived(result) ? '~' : 'x', COLOURS[severity], colour)} ${paint(check.id, 'bold', colour)}  ${check.title}`,
      );
      const problems = verdict.status === 'fail' ? verdict.problems : [];
      const shown = verbose ? problems : problems.slice(0, SHOWN);
      for (const problem of shown) {
        const where = place(audited, problem);
        lines.push(`      ${printable(`${where === '' ? '' : `${where}: `}${problem.message}${noteOf(problem)}`)}`);
      }
      if (shown.length < problems.length) lines.push(`      and ${problems.length - shown.length} more`);
      if (verbose) lines.push(`      ${paint('why:', 'dim', colour)} ${check.rationale}`);
      lines.push(
        `      ${paint('fix:', 'dim', colour)} ${check.remediation.replaceAll('\n', '\n           ')}${commandOf(check)}`,
      );
    }
  }
  return lines;
}

function rest(audited: Audited, { colour, verbose }: TableOptions): string[] {
  const lines: string[] = [];
  const open = undecided(audited);
  if (open.length > 0) lines.push('', `  ${paint('UNKNOWN', 'yellow', colour)}`);
  for (const { check, why } of open) lines.push(`  ? ${check.id}  ${check.title}: ${printable(why)}`);
  if (!verbose) return lines;
  for (const [status, title, mark] of [
    ['pass', 'PASSED', '+'],
    ['not-applicable', 'NOT APPLICABLE', '-'],
  ] as const) {
    const group = audited.results.filter(({ verdict }) => verdict.status === status);
    if (group.length > 0) lines.push('', `  ${paint(title, status === 'pass' ? 'green' : 'dim', colour)}`);
    for (const { check, verdict } of group)
      lines.push(`  ${mark} ${check.id}  ${check.title}${'why' in verdict ? `: ${printable(verdict.why)}` : ''}`);
  }
  return lines;
}

function heading(audited: Audited, colour: boolean): string {
  const name = paint(`${audited.target} ${printable(audited.name)}`, 'bold', colour);
  return `${name}: ${summaryText(count(audited.results), score(audited.results))}`;
}

/** One line about the whole report: each section's score, then the one that counts. */
function totalText({ audited }: Report): string {
  if (audited.length === 0) return 'there was nothing to audit';
  const total = reportScore(audited);
  const sections = sectionsOf(audited);
  const each = sections.map((section) => `${section.target} ${section.score ?? 'no score'}`).join(', ');
  const counts = summaryText(count(audited.flatMap(({ results }) => results)), total);
  return sections.length < 2 ? counts : `${counts}; by section: ${each}`;
}

/** The hosts that need somebody first. */
function memberLines({ fleet }: Report): string[] {
  if (fleet === undefined || fleet.members.length < 2) return [];
  const lines = fleet.members.slice(0, SHOWN).map(({ name, score, file }) => {
    const value = score === null ? '-' : String(score);
    return `  ${value.padStart(3)}  ${printable(name === file ? name : `${name} (${file})`)}`;
  });
  const rest = fleet.members.length - lines.length;
  return ['worst reports:', ...lines, ...(rest > 0 ? [`  and ${rest} more`] : [])];
}

/** One part for each audited thing; with several, a line about all of them at the end. */
export function reportTable(report: Report, options: TableOptions): string {
  const parts = report.audited.map((audited) =>
    [heading(audited, options.colour), ...failures(audited, options), ...rest(audited, options)].join('\n'),
  );
  if (parts.length !== 1) parts.push(`all: ${totalText(report)}`);
  const members = memberLines(report);
  if (members.length > 0) parts.push(members.join('\n'));
  parts.push(...trendLines(report));
  return `${parts.join('\n\n')}\n`;
}

/** A line for each audited thing, for where the report itself went into a file. */
export function reportSummary(report: Report, colour: boolean): string {
  const lines = report.audited.map((audited) => heading(audited, colour));
  if (lines.length !== 1) lines.push(`all: ${totalText(report)}`);
  lines.push(...memberLines(report), ...trendLines(report));
  return `${lines.join('\n')}\n`;
}
