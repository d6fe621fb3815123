// SPDX-License-Identifier: Apache-2.0
// What stands above the findings: scores, what is open by severity, sections, targets; and below them the map of CIS.
import { type CisItem, cisCoverage } from '../../cis.ts';
import { count, reportScore, score, sectionsOf } from '../../score.ts';
import { type Report, SEVERITIES, type Target } from '../../types.ts';
import { findings } from '../findings.ts';
import { bar, gradeOf, partsText, ring, trend } from './charts.ts';
import { plural, quoted } from './text.ts';

const TITLES: Readonly<Record<Target, string>> = {
  host: 'Host',
  engine: 'Engines',
  image: 'Images',
  container: 'Containers',
  dockerfile: 'Build files',
  compose: 'Compose files',
  kubernetes: 'Manifests',
  probe: 'Probes',
};

/** The verdict in words. */
function sentence(report: Report): string {
  const value = reportScore(report.audited);
  if (report.audited.length === 0) return 'There was nothing to audit.';
  if (value === null) return 'Nothing could be decided.';
  const { failed } = count(report.audited.flatMap(({ results }) => results));
  if (failed.critical > 0) return 'Something critical is open. Start there.';
  if (value === 100) return 'Nothing is open.';
  return {
    good: 'In good order, with a little left to do.',
    fair: 'Some work is left.',
    poor: 'Much is open.',
    none: '',
  }[gradeOf(value)];
}

/** Score, words and trend. */
export function hero(report: Report): string {
  const results = report.audited.flatMap((audited) => audited.results);
  const { pass, fail, unknown } = count(results);
  const problems = findings(report);
  const tiles = SEVERITIES.map((severity) => {
    const open = problems.filter(
      ({ check, problem, advisory }) => check.severity === severity && !advisory && problem.waiver === undefined,
    );
    return `<li class="tile ${severity}${open.length === 0 ? ' zero' : ''}"><span class="number">${open.length}</span> <span class="name">${severity}</span></li>`;
  }).join('\n');
  const notes = (report.notes ?? []).map((note) => `<li>${quoted(note)}</li>`);
  const what =
    report.fleet === undefined
      ? plural(report.audited.length, 'target')
      : plural(report.fleet.members.length, 'report');
  const decided = `${what}, ${plural(pass + fail + unknown, 'check')}: ${fail} failed, ${unknown} unknown, ${pass} passed`;
  return `<div class="hero card">${ring(reportScore(report.audited), 'big')}
<div class="words"><h1>Security audit</h1><p class="sentence">${sentence(report)}</p><p class="soft">${decided}</p>
<p class="soft meta"><time datetime="${quoted(report.generated)}">${quoted(report.generated.slice(0, 16).replace('T', ' '))} UTC</time> · secure ${quoted(report.product)}</p></div>
${trend(report.history ?? [])}
</div>
<h2 class="hidden">Open problems by severity</h2>
<ul class="tiles">${tiles}</ul>${notes.length === 0 ? '' : `\n<div class="notes card"><h2>Notes</h2><ul>${notes.join('')}</ul></div>`}`;
}

/** A card for each kind of target. */
export function sections(report: Report): string {
  const cards = sectionsOf(report.audited).map(
    ({ target, score, subjects, checks }) => `<li class="card section">${ring(score, 'small')}
<div><h3>${TITLES[target]}</h3><p class="soft">${report.fleet === undefined ? `${subjects === 1 ? 'one' : subjects} audited` : `in ${plural(report.fleet.members.length, 'report')}`}</p></div>
${bar(checks)}<p class="soft parts">${partsText(checks)}</p></li>`,
  );
  return `<h2 id="sections">By section</h2>
<p class="soft lead">A check counts once for all of its section, by the worst that came of it. The worst section is the score.</p>
<ul class="cards">${cards.join('\n')}</ul>`;
}

/** Members that are shown; JSON has all. */
const MEMBERS = 100;

/** Of a fleet, the reports that need somebody first. */
export function fleetTable({ fleet }: Report): string {
  if (fleet === undefined || fleet.members.length === 0) return '';
  const rows = fleet.members.slice(0, MEMBERS).map(({ name, file, score: value, generated }) => {
    const when = quoted(generated.slice(0, 16).replace('T', ' '));
    return `<tr><th scope="row">${quoted(name)}</th><td class="${gradeOf(value)}">${value ?? '–'}</td><td>${when}</td><td>${quoted(file)}</td></tr>`;
  });
  const all = fleet.members.length;
  const more = all > MEMBERS ? `The ${MEMBERS} worst of ${all}.` : `${plural(all, 'report')}, worst first.`;
  return `<h2 id="fleet">Reports</h2>
<p class="soft lead">${more}</p>
<div class="scroll card" tabindex="0" role="region" aria-label="Reports"><table><thead><tr><th scope="col">name</th><th scope="col">score</th><th scope="col">made</th><th scope="col">file</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

/** A table of contents, where there are several. */
export function contents({ audited }: Report): string {
  if (audited.length < 2) return '';
  const rows = audited.map(({ target, name, results }, i) => {
    const { failed, unknown } = count(results);
    const value = score(results);
    const cells = SEVERITIES.map((severity) => `<td class="${severity}">${failed[severity] || ''}</td>`).join('');
    return `<tr><th scope="row"><a href="#t${i}">${quoted(name)}</a></th><td>${target}</td><td class="${gradeOf(value)}">${value ?? '–'}</td>${cells}<td>${unknown || ''}</td></tr>`;
  });
  const heads = ['name', 'target', 'score', ...SEVERITIES, 'unknown'].map((head) => `<th scope="col">${head}</th>`);
  return `<div class="scroll card" tabindex="0" role="region" aria-label="Targets"><table><thead><tr>${heads.join('')}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

const WORDS: Readonly<Record<CisItem['outcome'], string>> = {
  pass: 'passed',
  fail: 'failed',
  unknown: 'unknown',
  'not-applicable': 'not applicable',
  'not-covered': 'not asked here',
};

/** Each recommendation of the benchmark as a cell; '' when nothing that was asked is about one. */
export function cisMap({ audited }: Report): string {
  const coverage = cisCoverage(audited);
  const all = coverage.flatMap(({ items }) => items);
  const covered = all.filter(({ outcome }) => outcome !== 'not-covered');
  if (covered.length === 0) return '';
  const parts = coverage.map(({ id, title, score: value, items }) => {
    const asked = items.filter(({ outcome }) => outcome !== 'not-covered').length;
    const cells = items.map(
      ({ id: item, title, look, outcome, checks }) =>
        `<li class="${outcome}" title="${quoted([`${item} ${title}: ${WORDS[outcome]}`, ...(look === '' ? [] : [look]), ...checks].join(' · '))}">${item}<span class="hidden"> ${WORDS[outcome]}</span></li>`,
    );
    return `<div class="card cis"><h3>${id} ${title} <span class="${gradeOf(value)}">${value ?? '–'}</span></h3><p class="soft">${asked} of ${items.length} asked</p><ul class="cells">${cells.join('')}</ul></div>`;
  });
  const legend = (Object.keys(WORDS) as CisItem['outcome'][])
    .map(
      (outcome) =>
        `<li class="${outcome}"><span class="key"></span>${WORDS[outcome]} ${all.filter((item) => item.outcome === outcome).length}</li>`,
    )
    .join('');
  return `<h2 id="cis">CIS Docker Benchmark 1.6.0</h2>
<p class="soft lead">${covered.length} of ${all.length} recommendations were asked about. What is not asked here belongs to targets that this report has none of, or is for people to look at.</p>
<ul class="legend">${legend}</ul>
<div class="wide">${parts.join('\n')}</div>`;
}
