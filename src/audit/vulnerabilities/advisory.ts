// SPDX-License-Identifier: Apache-2.0
// One advisory of OSV (ossf.github.io/osv-schema) as far as it says which versions of which packages it is about. The text is somebody else's:
// what has another form than the schema is an error, never "not affected".
import type { Severity } from '../types.ts';
import { baseScore } from './cvss.ts';

/** `introduced`, `fixed`, `last_affected` or `limit`, and a version; `0`: before every version. */
export type Event = readonly [kind: 'introduced' | 'fixed' | 'last_affected' | 'limit', version: string];
export interface Affected {
  /** `Debian:12`, `Alpine:v3.19`, `npm`. */
  readonly ecosystem: string;
  readonly name: string;
  readonly ranges: readonly (readonly Event[])[];
  /** These too, by their names. */
  readonly versions: readonly string[];
}
export interface Advisory {
  readonly id: string;
  /** RFC 3339. */
  readonly modified: string;
  readonly withdrawn: boolean;
  /** Other names of the same flaw: CVE ids. */
  readonly aliases: readonly string[];
  readonly summary: string;
  /** Null: nobody says. */
  readonly severity: Severity | null;
  readonly affected: readonly Affected[];
}

type Json = Readonly<Record<string, unknown>>;
const SUMMARY = 200;
const KINDS = ['introduced', 'fixed', 'last_affected', 'limit'] as const;

class Invalid extends Error {}

function object(value: unknown, what: string): Json {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new Invalid(`${what} is no object`);
  return value as Json;
}
function list(value: unknown, what: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Invalid(`${what} is no list`);
  return value;
}
function text(value: unknown, what: string, otherwise?: string): string {
  if ((value === undefined || value === null) && otherwise !== undefined) return otherwise;
  if (typeof value !== 'string' || value === '') throw new Invalid(`${what} is no text`);
  return value;
}

const BY_NAME: Readonly<Record<string, Severity>> = {
  CRITICAL: 'critical',
  HIGH: 'high',
  IMPORTANT: 'high',
  MODERATE: 'medium',
  MEDIUM: 'medium',
  LOW: 'low',
  NEGLIGIBLE: 'low',
  UNIMPORTANT: 'low',
};

/** By its score (CVSS 3.1, 5). */
const ofScore = (score: number): Severity =>
  score >= 9 ? 'critical' : score >= 7 ? 'high' : score >= 4 ? 'medium' : 'low';

/** The worst of what the advisory says, by score or by name. */
function severity(advisory: Json): Severity | null {
  const scores = list(advisory.severity, 'severity').map((one) => text(object(one, 'severity').score, 'a score', '-'));
  const scored = scores.flatMap((score) => baseScore(score) ?? []).map(ofScore);
  const named = [
    ...scores,
    object(advisory.database_specific, 'database_specific').severity,
    ...list(advisory.affected, 'affected').map(
      (one) => object(object(one, 'affected').ecosystem_specific, 'ecosystem_specific').urgency,
    ),
  ].flatMap((name) => (typeof name === 'string' ? (BY_NAME[name.toUpperCase()] ?? []) : []));
  const found = scored.length > 0 ? scored : named;
  return (['critical', 'high', 'medium', 'low'] as const).find((one) => found.includes(one)) ?? null;
}

function events(range: Json): Event[] {
  return list(range.events, 'events').map((value) => {
    const event = object(value, 'an event');
    const kind = KINDS.find((name) => event[name] !== undefined);
    if (kind === undefined) throw new Invalid('an event is none of the schema');
    return [kind, text(event[kind], kind)];
  });
}

function affected(value: unknown): Affected[] {
  const one = object(value, 'affected');
  // Without a package it is about a repository of source text.
  if (one.package === undefined) return [];
  const named = object(one.package, 'package');
  const ranges = list(one.ranges, 'ranges').map((range) => object(range, 'a range'));
  return [
    {
      ecosystem: text(named.ecosystem, 'the ecosystem of a package'),
      name: text(named.name, 'the name of a package'),
      // Commits are no versions that a package manager has.
      ranges: ranges.filter(({ type }) => type !== 'GIT').map(events),
      versions: list(one.versions, 'versions').map((version) => text(version, 'a version')),
    },
  ];
}

/** @throws Error with what is wrong */
export function parseAdvisory(value: unknown): Advisory {
  const advisory = object(value, 'the document');
  const id = text(advisory.id, 'id');
  if (!/^[A-Za-z][A-Za-z0-9._:+-]{2,127}$/.test(id)) throw new Invalid('id is none of the schema');
  const modified = text(advisory.modified, 'modified');
  if (Number.isNaN(Date.parse(modified))) throw new Invalid('modified is no time');
  return {
    id,
    modified,
    withdrawn: advisory.withdrawn !== undefined && advisory.withdrawn !== null,
    aliases: [...list(advisory.aliases, 'aliases'), ...list(advisory.upstream, 'upstream')].map((alias) =>
      text(alias, 'an alias'),
    ),
    summary: text(advisory.summary || advisory.details, 'summary', '')
      .replace(/\s+/g, ' ')
      .trim()
      .slice(0, SUMMARY),
    severity: severity(advisory),
    affected: list(advisory.affected, 'affected').flatMap(affected),
  };
}
