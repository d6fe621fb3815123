// SPDX-License-Identifier: Apache-2.0
// SARIF 2.1.0 (OASIS) as code scanning takes it. One result without a location, or one absolute URI, rejects a whole file, so
// what is no file of a repository gets a synthetic one, and says its true name in logicalLocations and in the message.
import type { Log, Notification, ReportingDescriptor, Result } from 'sarif';
import { jsonText } from '../../terminal.ts';
import { pageOf } from '../pages.ts';
import type { AnyCheck, Audited, Region, Report, Severity, Target } from '../types.ts';
import { locationUri } from '../uri.ts';
import { checksOf, type Finding, findings, place, undecided } from './findings.ts';

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';
const LEVELS = { critical: 'error', high: 'error', medium: 'warning', low: 'note' } as const;
/** Code scanning shows 9.0 and more as critical, 7.0 as high, 4.0 as medium, below as low. A string there, of all things. */
const SCORES: Readonly<Record<Severity, string>> = { critical: '9.5', high: '8.0', medium: '5.5', low: '2.0' };
/** What code scanning accepts in one run. */
const MAX_RESULTS = 25_000;
const MAX_TAGS = 20;
const MAX_MESSAGE = 2_000;
/** For results that are about no line: all four numbers have to be there. */
const BEGINNING: Region = { startLine: 1, startColumn: 1, endLine: 1, endColumn: 2 };

/**
 * Text that means only itself: braces are placeholders (3.11.5) and `[text](target)` is a link (3.11.6), which what was found
 * on a host or in an image may not make.
 */
function plain(text: string): string {
  const cut = text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text;
  const braces = cut.toWellFormed().replace(/[{}]/g, '$&$&');
  return braces.includes('](') ? braces.replace(/[[\]]/g, '\\$&') : braces;
}

function rule(check: AnyCheck): ReportingDescriptor {
  const { id, title, severity, target, frameworks, rationale, remediation, references } = check;
  const page = pageOf(id) ?? references[0];
  const links = references.map((url) => `- <${url}>`).join('\n');
  return {
    id,
    name: title
      .replace(/[^A-Za-z0-9 ]/g, '')
      .split(' ')
      .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
      .join(''),
    shortDescription: { text: plain(`${title}.`) },
    fullDescription: { text: plain(rationale) },
    help: {
      text: plain(`${rationale}\n\nWhat to do: ${remediation}\n\n${references.join('\n')}`),
      markdown: `${rationale}\n\n**What to do**: ${remediation}\n\n${links}`,
    },
    ...(page === undefined ? {} : { helpUri: page }),
    defaultConfiguration: { level: LEVELS[severity] },
    properties: {
      tags: ['security', target, ...frameworks].slice(0, MAX_TAGS),
      precision: 'high',
      'security-severity': SCORES[severity],
    },
  };
}

/** Of a repository. */
const IN_FILES: ReadonlySet<Target> = new Set(['dockerfile', 'compose', 'kubernetes']);

function result({ audited, check, problem, advisory, fingerprint }: Finding, ruleIndex: number): Result {
  const named = `${audited.target} ${audited.name}`;
  // In a file the line says where; elsewhere the message is all that is shown of the true place.
  const where = [named, place(audited, problem)].filter((part) => part !== '').join(', ');
  const { waiver } = problem;
  const { logical } = problem.location;
  const full = logical === audited.name ? named : `${named}: ${logical}`;
  const { startLine, startColumn, endLine, endColumn } = problem.location.region ?? BEGINNING;
  return {
    ruleId: check.id,
    ruleIndex,
    kind: 'fail',
    level: advisory ? 'note' : LEVELS[check.severity],
    message: { text: plain(IN_FILES.has(audited.target) ? problem.message : `${where}: ${problem.message}`) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: locationUri(audited, problem) },
          region: { startLine, startColumn, endLine, endColumn },
        },
        logicalLocations: [{ fullyQualifiedName: full.toWellFormed(), kind: 'resource' }],
      },
    ],
    partialFingerprints: { primaryLocationLineHash: fingerprint },
    ...(problem.known === true ? { baselineState: 'unchanged' } : {}),
    ...(waiver === undefined
      ? {}
      : {
          suppressions: [
            {
              kind: 'external',
              status: 'accepted',
              justification: plain(`${waiver.owner}, until ${waiver.expires}: ${waiver.reason}`),
            },
          ],
        }),
  };
}

function notifications(audited: Audited, index: ReadonlyMap<string, number>): Notification[] {
  return undecided(audited).map(({ check, why }) => ({
    level: 'note',
    message: { text: plain(`${audited.target} ${audited.name}: not decided: ${why}.`) },
    associatedRule: { id: check.id, index: index.get(check.id) ?? -1 },
  }));
}

/** Results of different targets uploaded for one commit must not replace each other: the part before the last slash tells them apart. */
function category(audited: readonly Audited[]): string {
  const [only, ...others] = audited;
  if (only === undefined) return 'secure/nothing/';
  if (others.length === 0) return `secure/${only.uri}/`;
  return `secure/${[...new Set(audited.map(({ target }) => target))].join('+')}/`;
}

export function reportSarif(report: Report): string {
  const checks = checksOf(report);
  const index = new Map(checks.map(({ id }, i) => [id, i]));
  const all = findings(report);
  const dropped: Notification[] =
    all.length <= MAX_RESULTS
      ? []
      : [{ level: 'warning', message: { text: `The ${MAX_RESULTS} worst of ${all.length} problems are given.` } }];
  const notes = (report.notes ?? []).map(
    (note): Notification => ({ level: 'note', message: { text: plain(`${note}.`) } }),
  );
  const log: Log = {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: { name: 'secure', version: report.product, semanticVersion: report.product, rules: checks.map(rule) },
        },
        automationDetails: { id: category(report.audited) },
        // Columns are those of JavaScript strings.
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: true,
            endTimeUtc: report.generated,
            toolExecutionNotifications: [
              ...dropped,
              ...notes,
              ...report.audited.flatMap((each) => notifications(each, index)),
            ],
          },
        ],
        results: all.slice(0, MAX_RESULTS).map((finding) => result(finding, index.get(finding.check.id) ?? -1)),
      },
    ],
  };
  return jsonText(log, 2);
}
