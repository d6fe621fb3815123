// SPDX-License-Identifier: Apache-2.0
// What was found on each thing: what is open first, the rest folded away.
import { pageOf } from '../../pages.ts';
import { count, outcomeOf, score } from '../../score.ts';
import type { AnyCheck, Audited, Problem, Result } from '../../types.ts';
import { bySeverity, place } from '../findings.ts';
import { countsText } from '../table.ts';
import { ring } from './charts.ts';
import { link, plural, prose, quoted } from './text.ts';

/** A problem list is cut here: a page of tens of thousands of them helps nobody. JSON and SARIF have all. */
const SHOWN = 100;
/** More of them are folded. */
const OPEN = 6;

export type Status = 'fail' | 'unknown' | 'waived' | 'pass' | 'not-applicable';
export const STATUSES: readonly { readonly status: Status; readonly title: string }[] = [
  { status: 'fail', title: 'Failed' },
  { status: 'unknown', title: 'Could not be decided' },
  { status: 'waived', title: 'Waived, or told only' },
  { status: 'pass', title: 'Passed' },
  { status: 'not-applicable', title: 'Not applicable' },
];

/** A failure that does not count is one of its own. */
export function statusOf(result: Result): Status {
  if (result.verdict.status !== 'fail') return result.verdict.status;
  return outcomeOf(result) === 'fail' ? 'fail' : 'waived';
}

/** What the script of the page looks at. */
const marks = (audited: Audited, result: Result): string =>
  `data-severity="${result.check.severity}" data-status="${statusOf(result)}" data-target="${audited.target}"`;

function idOf({ id }: AnyCheck): string {
  const page = pageOf(id);
  return `<span class="id">${page === undefined ? quoted(id) : link(page, id)}</span>`;
}

function about({ references, frameworks, rationale }: AnyCheck): string {
  const links = references.map((url) => `<li>${link(url, url)}</li>`).join('');
  const tags = frameworks.map((name) => `<span class="tag">${quoted(name)}</span>`).join(' ');
  return `<details class="about"><summary>Why, and references</summary><p>${prose(rationale)}</p>
${links === '' ? '' : `<ul>${links}</ul>`}${tags === '' ? '' : `<p>${tags}</p>`}</details>`;
}

function problemItem(audited: Audited, problem: Problem): string {
  const where = quoted(place(audited, problem));
  const { waiver, known } = problem;
  const note =
    waiver === undefined
      ? ''
      : ` <span class="note">waived until ${quoted(waiver.expires)} by ${quoted(waiver.owner)}: ${quoted(waiver.reason)}</span>`;
  const old = known === true ? ' <span class="note">in the baseline</span>' : '';
  return `<li>${where === '' ? '' : `<code>${where}</code> `}${quoted(problem.message)}${note}${old}</li>`;
}

function problems(audited: Audited, list: readonly Problem[]): string {
  const items = list.slice(0, SHOWN).map((problem) => problemItem(audited, problem));
  if (list.length > SHOWN) items.push(`<li>and ${list.length - SHOWN} more, which JSON and SARIF have</li>`);
  const rest = items.slice(OPEN);
  const first = `<ul class="problems">${items.slice(0, OPEN).join('\n')}</ul>`;
  if (rest.length === 0) return first;
  return `${first}\n<details class="more"><summary>${plural(list.length - OPEN, 'more problem')}</summary><ul class="problems">${rest.join('\n')}</ul></details>`;
}

function failure(audited: Audited, result: Result): string {
  const { check, verdict } = result;
  return `<article class="item finding ${check.severity}" ${marks(audited, result)}>
<h4><span class="badge">${check.severity}</span> ${quoted(check.title)} ${idOf(check)}</h4>
${problems(audited, verdict.status === 'fail' ? verdict.problems : [])}
<div class="fix"><strong>What to do</strong><p>${prose(check.remediation)}</p></div>
${about(check)}
</article>`;
}

function row(audited: Audited, result: Result): string {
  const { check, verdict } = result;
  const why = 'why' in verdict ? `<span class="why">${quoted(verdict.why)}</span>` : '';
  return `<li class="item" ${marks(audited, result)}><span class="dot ${check.severity}"></span><div>${quoted(check.title)} <span class="sev">${check.severity}</span> ${idOf(check)}${why}</div></li>`;
}

function group(audited: Audited, { status, title }: (typeof STATUSES)[number]): string {
  const members = audited.results.filter((result) => statusOf(result) === status).toSorted(bySeverity);
  if (members.length === 0) return '';
  if (status === 'fail') return members.map((result) => failure(audited, result)).join('\n');
  const inner =
    status === 'waived'
      ? members.map((result) => failure(audited, result)).join('\n')
      : `<ul class="rows">${members.map((result) => row(audited, result)).join('\n')}</ul>`;
  const open = status === 'unknown' ? ' open' : '';
  return `<details class="group ${status}"${open}><summary><span>${title}</span> <span class="count">${members.length}</span></summary>${inner}</details>`;
}

/** Everything about one thing that was audited. */
export function subject(audited: Audited, i: number): string {
  const name = `t${i}`;
  return `<section class="subject" id="${name}" aria-labelledby="${name}h">
<header>${ring(score(audited.results), 'small')}<div><p class="kind">${audited.target}</p><h3 id="${name}h">${quoted(audited.name)}</h3>
<p class="soft">${quoted(countsText(count(audited.results)))}</p></div></header>
${STATUSES.map((each) => group(audited, each)).join('\n')}
</section>`;
}
