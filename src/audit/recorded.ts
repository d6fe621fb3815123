// SPDX-License-Identifier: Apache-2.0
// Facts in a file, so that a verdict can be reproduced elsewhere: one JSON object a line, `{ version, target, name, facts }`. What a fact
// that could not be read was is left out, as it is in memory. Such a file is input like any other: it may be broken, or made up.
import { SecureError } from '../errors.ts';
import { CHECKS } from './checks/index.ts';
import { results } from './run.ts';
import type { Audited } from './types.ts';
import { containerUri, engineUri, imageUri } from './uri.ts';

/** Raised when facts of an older program would be misread. */
export const VERSION = 1;
/** The facts of a host with a hundred containers and their images take some megabytes. */
export const MAX_BYTES = 256 << 20;

/** Targets whose facts stand for themselves; build files and manifests are files already. */
export const RECORDED = ['host', 'engine', 'image', 'container'] as const;
export type RecordedTarget = (typeof RECORDED)[number];

/** Facts about one thing. */
export interface Collected {
  readonly target: RecordedTarget;
  /** What people know it by: a host name, `docker`, `docker/web`. */
  readonly name: string;
  readonly facts: unknown;
}

export const recordText = (collected: readonly Collected[]): string =>
  collected.map(({ target, name, facts }) => `${JSON.stringify({ version: VERSION, target, name, facts })}\n`).join('');

function invalid(file: string, line: number, why: string, cause?: unknown): SecureError {
  return new SecureError('AUDIT_UNREADABLE', `${file}:${line}: ${why}`, {
    hint: 'give a file that --save-facts wrote',
    position: { file, line },
    cause,
  });
}

/** What records of earlier versions do not have, which looked for less. */
const LATER: Readonly<Partial<Record<RecordedTarget, Readonly<Record<string, unknown>>>>> = {
  host: {
    rootless: {
      ...{ users: [], helpers: {} },
      problem: 'its facts were recorded by a version that did not look for engines of users',
    },
  },
  engine: { user: null, contradictions: [] },
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws SecureError AUDIT_UNREADABLE: a line is no record, or one of another version */
export function parseRecords(text: string, file: string): Collected[] {
  const lines = text.split('\n').map((line, i) => ({ line, number: i + 1 }));
  const found = lines.filter(({ line }) => line.trim() !== '');
  if (found.length === 0) throw invalid(file, 1, 'it has no facts');
  return found.map(({ line, number }) => {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      throw invalid(file, number, 'it is not JSON', cause);
    }
    if (!isObject(value)) throw invalid(file, number, 'it is no record of facts');
    const { version, target, name, facts } = value;
    if (version !== VERSION) throw invalid(file, number, `its version is not ${VERSION}`);
    const known = RECORDED.find((one) => one === target);
    if (known === undefined) throw invalid(file, number, `its target is none of ${RECORDED.join(', ')}`);
    if (typeof name !== 'string' || name === '' || name.length > 4096) throw invalid(file, number, 'it has no name');
    if (!isObject(facts)) throw invalid(file, number, 'it has no facts');
    return { target: known, name, facts };
  });
}

/** Where it is in reports. */
export function uriOf({ target, name }: Collected): string {
  if (target === 'host') return 'host';
  if (target === 'engine') return engineUri(name);
  return target === 'image' ? imageUri(name) : containerUri(name);
}

function completed({ target, facts }: Collected): unknown {
  const later = Object.entries(LATER[target] ?? {});
  if (!isObject(facts) || later.every(([key]) => facts[key] !== undefined)) return facts;
  return { ...facts, ...Object.fromEntries(later.filter(([key]) => facts[key] === undefined)) };
}

/** Every check of each target over its facts. */
export const auditCollected = (collected: readonly Collected[]): Audited[] =>
  collected.map((one) => ({
    ...{ target: one.target, name: one.name, uri: uriOf(one) },
    results: results(CHECKS[one.target] as never, completed(one) as never),
  }));

/**
 * The same over facts from a file, of which nobody knows whether their collector wrote them.
 * @throws SecureError AUDIT_UNREADABLE: they do not have the shape that checks read
 */
export function auditRecorded(collected: readonly Collected[], file: string): Audited[] {
  return collected.map((one) => {
    try {
      const [audited] = auditCollected([one]);
      if (audited !== undefined) return audited;
    } catch (cause) {
      if (!(cause instanceof SecureError) || cause.code !== 'INTERNAL') throw cause;
      throw invalid(file, collected.indexOf(one) + 1, `its facts are not those of ${one.target}`, cause);
    }
    throw invalid(file, 1, 'it has no facts');
  });
}
