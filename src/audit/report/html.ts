// SPDX-License-Identifier: Apache-2.0
// The report as one page: nothing is fetched, every text in it is escaped, since names and messages come from what was
// audited, and its policy allows the one style sheet and the one script that are ours.
import { createHash } from 'node:crypto';
import { reportScore } from '../score.ts';
import type { Report } from '../types.ts';
import { filters, SCRIPT } from './html/filters.ts';
import { subject } from './html/findings.ts';
import { cisMap, contents, fleetTable, hero, sections } from './html/overview.ts';
import { STYLE } from './html/style.ts';
import { quoted } from './html/text.ts';

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** What the page may do. Trusted types: even our script cannot make markup of text. */
const POLICY = [
  "default-src 'none'",
  `style-src ${hash(STYLE)}`,
  `script-src ${hash(SCRIPT)}`,
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** The page as it is written to a file. */
export function reportHtml(report: Report): string {
  const value = reportScore(report.audited);
  const map = cisMap(report);
  const names = report.audited.length === 1 ? ` of ${report.audited[0]?.name ?? ''}` : '';
  const findings =
    report.audited.length === 0
      ? ''
      : `${sections(report)}
${fleetTable(report)}
<h2 id="findings">Findings</h2>
${filters(report)}
${contents(report)}
${report.audited.map(subject).join('\n')}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>Security audit${quoted(names)}: ${value === null ? 'no score' : `score ${value}`}</title>
<style>${STYLE}</style>
</head>
<body>
<nav class="top" aria-label="Parts of the page"><a class="skip" href="#findings">Skip to findings</a>
<a href="#sections">Sections</a> <a href="#findings">Findings</a> ${map === '' ? '' : '<a href="#cis">CIS</a> '}<button type="button" id="theme" hidden>Dark</button></nav>
<main>
${hero(report)}
${findings}
${map}
</main>
<footer class="soft">Made by secure ${quoted(report.product)}. What is waived is told and does not count; what could not be decided counts as open.</footer>
<script>${SCRIPT}</script>
</body>
</html>
`;
}
