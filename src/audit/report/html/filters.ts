// SPDX-License-Identifier: Apache-2.0
// The bar of filters, and the script behind it. Without script it is hidden, and everything is there to read.
import { type Report, SEVERITIES, TARGETS } from '../../types.ts';
import { STATUSES, statusOf } from './findings.ts';

const chip = (group: string, value: string, text: string): string =>
  `<label class="chip ${value}"><input type="checkbox" data-filter="${group}" value="${value}" checked>${text}</label>`;

const SHORT: Readonly<Record<string, string>> = {
  fail: 'failed',
  unknown: 'unknown',
  waived: 'waived',
  pass: 'passed',
  'not-applicable': 'not applicable',
};

export function filters({ audited }: Report): string {
  const results = audited.flatMap(({ results }) => results);
  const present = new Set(results.map(statusOf));
  const statuses = STATUSES.filter(({ status }) => present.has(status));
  const targets = TARGETS.filter((target) => audited.some((each) => each.target === target));
  const group = (name: string, title: string, chips: readonly string[]): string =>
    `<fieldset data-group="${name}"><legend>${title}</legend>${chips.join('')}</fieldset>`;
  return `<form class="filters card" role="search" aria-label="Filter findings" hidden>
<label class="search"><span>Search</span><input type="search" id="search" placeholder="Text, id, path" autocomplete="off" spellcheck="false"></label>
${group(
  'severity',
  'Severity',
  SEVERITIES.map((severity) => chip('severity', severity, severity)),
)}
${group(
  'status',
  'Status',
  statuses.map(({ status }) => chip('status', status, SHORT[status] ?? status)),
)}
${
  targets.length < 2
    ? ''
    : group(
        'target',
        'Target',
        targets.map((target) => chip('target', target, target)),
      )
}
<p class="shown"><output id="shown"></output> <button type="reset">Reset</button></p>
</form>`;
}

/** Its hash is in the page's content security policy, so no other script runs. It makes no markup: it only shows and hides. */
export const SCRIPT = String.raw`
'use strict';
const root = document.documentElement;
const form = document.querySelector('.filters');
const search = document.getElementById('search');
const shown = document.getElementById('shown');
const items = [...document.querySelectorAll('.item')].map((element) => ({ element, text: element.textContent.toLowerCase() }));
const holders = [...document.querySelectorAll('.group, .subject')].reverse();
const subjects = new Map([...document.querySelectorAll('.subject')].map((element) => [element, element.querySelector('header').textContent.toLowerCase()]));
const opened = new Map([...document.querySelectorAll('details.group')].map((element) => [element, element.open]));

function apply() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const boxes = [...form.querySelectorAll('input[type=checkbox]')];
  const off = (name) => new Set(boxes.filter((box) => box.dataset.filter === name && !box.checked).map((box) => box.value));
  const hidden = { severity: off('severity'), status: off('status'), target: off('target') };
  let count = 0;
  for (const { element, text } of items) {
    const data = element.dataset;
    const whole = text + ' ' + subjects.get(element.closest('.subject'));
    const visible = Object.keys(hidden).every((name) => !hidden[name].has(data[name])) && words.every((word) => whole.includes(word));
    element.hidden = !visible;
    if (visible) count += 1;
  }
  for (const holder of holders) {
    const visible = holder.querySelectorAll('.item:not([hidden])').length;
    holder.hidden = visible === 0 && holder.querySelector('.item') !== null;
    const number = holder.querySelector(':scope > summary .count');
    if (number) number.textContent = String(visible);
    if (opened.has(holder)) holder.open = words.length > 0 ? visible > 0 : opened.get(holder);
  }
  shown.textContent = count + ' of ' + items.length + ' results';
}
if (form) {
  form.hidden = false;
  form.addEventListener('input', apply);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('reset', () => setTimeout(apply));
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.target.matches('input, textarea')) return;
    event.preventDefault();
    search.focus();
  });
  apply();
}
const theme = document.getElementById('theme');
const dark = () => (root.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
const label = () => { theme.textContent = dark() ? 'Light' : 'Dark'; };
theme.hidden = false;
theme.addEventListener('click', () => { root.dataset.theme = dark() ? 'light' : 'dark'; label(); });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', label);
label();
const folded = [];
addEventListener('beforeprint', () => {
  for (const element of document.querySelectorAll('details:not([open])')) { folded.push(element); element.open = true; }
});
addEventListener('afterprint', () => { for (const element of folded.splice(0)) element.open = false; });
`;
