// SPDX-License-Identifier: Apache-2.0
// The report as test results, in the form that CI systems read (the schema of Jenkins' xUnit plugin): a suite for each thing, a case for each check.
import { outcomeOf } from '../score.ts';
import type { Audited, Report, Result } from '../types.ts';
import { place } from './findings.ts';
import { xmlText } from './xml.ts';

/** What was found in a thousand places is told of the first; JSON has all. */
const SHOWN = 100;

/** What stands in a case; '' for one that passed. What does not count, is about others or could not be decided is no failure, and no pass. */
function outcome(audited: Audited, result: Result): string {
  const { check, verdict } = result;
  if (verdict.status === 'pass') return '';
  if (verdict.status !== 'fail') {
    const why = verdict.status === 'unknown' ? `not decided: ${verdict.why}` : verdict.why;
    return `<skipped message="${xmlText(why)}"/>`;
  }
  const counts = outcomeOf(result) === 'fail';
  // Of a failure that counts what is waived is no part.
  const problems = verdict.problems.filter(({ waiver }) => !counts || waiver === undefined);
  const lines = problems.slice(0, SHOWN).map((problem) => {
    const where = place(audited, problem);
    return where === '' ? problem.message : `${where}: ${problem.message}`;
  });
  if (problems.length > SHOWN) lines.push(`and ${problems.length - SHOWN} more`);
  const message = xmlText(lines.join('\n'));
  if (!counts) return `<skipped message="${message}"/>`;
  return `<failure type="${check.severity}" message="${message}">${xmlText(`What to do: ${check.remediation}`)}</failure>`;
}

function suite(audited: Audited): string {
  const cases = audited.results.map((result) => ({ result, inner: outcome(audited, result) }));
  const count = (kind: string) => cases.filter(({ inner }) => inner.startsWith(`<${kind}`)).length;
  const name = xmlText(`${audited.target} ${audited.name}`);
  return [
    `  <testsuite name="${name}" tests="${cases.length}" failures="${count('failure')}" errors="0" skipped="${count('skipped')}">`,
    ...cases.map(({ result: { check }, inner }) => {
      const attributes = `name="${xmlText(`${check.id}: ${check.title}`)}" classname="${name}"`;
      return inner === '' ? `    <testcase ${attributes}/>` : `    <testcase ${attributes}>${inner}</testcase>`;
    }),
    '  </testsuite>',
  ].join('\n');
}

export function reportJunit({ audited }: Report): string {
  return ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...audited.map(suite), '</testsuites>', ''].join(
    '\n',
  );
}
