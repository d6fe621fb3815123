// SPDX-License-Identifier: Apache-2.0
// The report as one page: no script, nothing fetched, and every text in it escaped, since names and messages come from
// what was audited.
import { createHash } from 'node:crypto';
import { printable } from '../../terminal.ts';
import { count, reportScore, score } from '../score.ts';
import { type AnyCheck, type Audited, type Report, type Result, SEVERITIES, type Verdict } from '../types.ts';
import { bySeverity, findings, place } from './findings.ts';
import { STYLE } from './style.ts';
import { countsText } from './table.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A problem list is cut here: a page of tens of thousands of them helps nobody. JSON and SARIF have all. */
const SHOWN = 100;

/** Text, for elements and for attributes in quotes. */
export function quoted(text: string): string {
  return printable(text.toWellFormed()).replace(/[&<>"']/g, (char) => ENTITIES[char] ?? '');
}

/** Text of checks: lines keep their breaks, and what is in backticks, or in quotes that are no apostrophes, is code. */
const prose = (text: string): string =>
  text
    .split('\n')
    .map((line) =>
      quoted(line)
        .replace(/`([^`]+)`/g, '<code>$1</code>')
        .replace(/(?<=^|[\s(])&#39;(.+?)&#39;(?=[\s.,;:)]|$)/g, '<code>$1</code>'),
    )
    .join('<br>');

/** The arc is drawn with presentation attributes: the policy of the page forbids styles on elements. */
function ring(value: number | null): string {
  const length = 2 * Math.PI * 42;
  const grade = value === null ? 'none' : value >= 90 ? 'good' : value >= 60 ? 'fair' : 'poor';
  const arc = `${((length * (value ?? 0)) / 100).toFixed(1)} ${length.toFixed(1)}`;
  return `<svg class="ring ${grade}" viewBox="0 0 100 100" role="img" aria-label="score ${value ?? 'unknown'}">
<circle class="track" cx="50" cy="50" r="42"/><circle class="arc" cx="50" cy="50" r="42" stroke-dasharray="${arc}" transform="rotate(-90 50 50)"/>
<text x="50" y="52">${value ?? '–'}</text></svg>`;
}

function about(check: AnyCheck): string {
  const links = check.references
    .filter((url) => url.startsWith('https://'))
    .map((url) => `<li><a href="${quoted(url)}" rel="noreferrer">${quoted(url)}</a></li>`);
  const tags = check.frameworks.map((name) => `<span class="tag">${quoted(name)}</span>`).join(' ');
  return `<details><summary>Why, and references</summary><p>${prose(check.rationale)}</p>
<ul>${links.join('')}</ul>${tags === '' ? '' : `<p>${tags}</p>`}</details>`;
}

function failure(audited: Audited, { check, verdict }: Result): string {
  const problems = verdict.status === 'fail' ? verdict.problems : [];
  const items = problems.slice(0, SHOWN).map((problem) => {
    const where = quoted(place(audited, problem));
    return `<li>${where === '' ? '' : `<code>${where}</code> `}${quoted(problem.message)}</li>`;
  });
  if (problems.length > SHOWN) items.push(`<li>and ${problems.length - SHOWN} more</li>`);
  return `<article class="finding ${check.severity}">
<h4><span class="badge">${check.severity}</span> ${quoted(check.title)} <span class="id">${quoted(check.id)}</span></h4>
<ul class="problems">${items.join('\n')}</ul>
<p class="fix"><strong>What to do</strong> ${prose(check.remediation)}</p>
${about(check)}
</article>`;
}

const GROUPS: readonly { readonly status: Verdict['status']; readonly title: string }[] = [
  { status: 'unknown', title: 'Could not be decided' },
  { status: 'pass', title: 'Passed' },
  { status: 'not-applicable', title: 'Not applicable' },
];

function group(audited: Audited, { status, title }: (typeof GROUPS)[number]): string {
  const members = audited.results.filter(({ verdict }) => verdict.status === status);
  if (members.length === 0) return '';
  const items = members.map(({ check, verdict }) => {
    const why = 'why' in verdict ? `<span class="why">${quoted(verdict.why)}</span>` : '';
    return `<li><span class="id">${quoted(check.id)}</span> ${quoted(check.title)} ${why}</li>`;
  });
  const open = status === 'unknown' ? ' open' : '';
  return `<details class="group"${open}><summary>${title} (${members.length})</summary><ul>${items.join('\n')}</ul></details>`;
}

function section(audited: Audited, i: number): string {
  const failed = audited.results.filter(({ verdict }) => verdict.status === 'fail').toSorted(bySeverity);
  const value = score(audited.results);
  return `<section id="t${i}">
<header>${ring(value)}<div><p class="kind">${audited.target}</p><h3>${quoted(audited.name)}</h3>
<p>${quoted(countsText(count(audited.results)))}</p></div></header>
${failed.map((result) => failure(audited, result)).join('\n')}
${GROUPS.map((each) => group(audited, each)).join('\n')}
</section>`;
}

function filters(report: Report): string {
  const all = findings(report);
  return SEVERITIES.map((severity) => {
    const problems = all.filter(({ check }) => check.severity === severity).length;
    return `<label class="filter ${severity}"><input type="checkbox" id="show-${severity}" checked>
<span class="number">${problems}</span><span class="name">${severity}</span></label>`;
  }).join('\n');
}

function contents({ audited }: Report): string {
  if (audited.length < 2) return '';
  const rows = audited.map(({ target, name, results }, i) => {
    const { failed } = count(results);
    const cells = SEVERITIES.map((severity) => `<td class="${severity}">${failed[severity] || ''}</td>`).join('');
    return `<tr><td>${target}</td><td><a href="#t${i}">${quoted(name)}</a></td><td>${score(results) ?? '–'}</td>${cells}</tr>`;
  });
  const heads = SEVERITIES.map((severity) => `<th scope="col">${severity}</th>`).join('');
  return `<div class="scroll"><table><thead><tr><th scope="col">target</th><th scope="col">name</th><th scope="col">score</th>${heads}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

export function reportHtml(report: Report): string {
  const value = reportScore(report.audited);
  const hash = createHash('sha256').update(STYLE).digest('base64');
  const results = report.audited.flatMap((audited) => audited.results);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>Security audit: ${value === null ? 'no score' : `score ${value}`}</title>
<style>${STYLE}</style>
</head>
<body>
<header class="top">${ring(value)}<div><h1>Security audit</h1>
<p>${quoted(countsText(count(results)))}</p>
<p class="meta">${quoted(report.generated)} · secure ${quoted(report.product)}</p></div></header>
<main>
<h2>Problems by severity</h2>
<div class="filters">${filters(report)}</div>
${contents(report)}
${report.audited.map(section).join('\n')}
</main>
</body>
</html>
`;
}
