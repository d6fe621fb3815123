// SPDX-License-Identifier: Apache-2.0
// Reports that were written as JSON, read again: for baselines, comparisons and fleets. They may come from other machines, so nothing in
// them is believed before it was looked at, and scores are worked out anew.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { SecureError } from '../errors.ts';
import {
  type AnyCheck,
  type Audited,
  type Problem,
  type Result,
  SEVERITIES,
  TARGETS,
  type Verdict,
  type Waiver,
} from './types.ts';

/** Bytes of one report: a host with a thousand containers has a tenth of it. */
const LIMIT = 64 << 20;

export interface StoredProblem extends Problem {
  readonly fingerprint: string;
}
export interface StoredReport {
  readonly product: string;
  readonly generated: string;
  readonly audited: readonly Audited[];
}

type Tree = Readonly<Record<string, unknown>>;

function invalid(path: string, why: string, cause?: unknown): SecureError {
  return new SecureError('REPORT_INVALID', `${path}: ${why}`, {
    hint: "give what 'secure audit ... --format json' wrote",
    cause,
  });
}

/** Reads values of a report, each by its name in errors. */
class Reader {
  readonly #path: string;
  constructor(path: string) {
    this.#path = path;
  }
  fail(at: string, want: string): never {
    throw invalid(this.#path, `it is no report: ${at} is not ${want}`);
  }
  object(value: unknown, at: string): Tree {
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Tree)
      : this.fail(at, 'an object');
  }
  list(value: unknown, at: string): readonly unknown[] {
    return Array.isArray(value) ? value : this.fail(at, 'a list');
  }
  text(value: unknown, at: string): string {
    return typeof value === 'string' ? value : this.fail(at, 'a text');
  }
  oneOf<T extends string>(value: unknown, known: readonly T[], at: string): T {
    return known.includes(value as T) ? (value as T) : this.fail(at, `one of ${known.join(', ')}`);
  }
}

function problemOf(read: Reader, value: unknown, at: string): StoredProblem {
  const { message, key, fingerprint, location, waiver } = read.object(value, at);
  const { logical, path } = read.object(location, `${at}.location`);
  const taken = waiver === undefined ? undefined : read.object(waiver, `${at}.waiver`);
  const text = (name: keyof Waiver): string => read.text(taken?.[name], `${at}.waiver.${name}`);
  return {
    message: read.text(message, `${at}.message`),
    key: read.text(key, `${at}.key`),
    fingerprint: read.text(fingerprint, `${at}.fingerprint`),
    location: {
      logical: read.text(logical, `${at}.location.logical`),
      ...(path === undefined ? {} : { path: read.text(path, `${at}.location.path`) }),
    },
    ...(taken === undefined
      ? {}
      : { waiver: { owner: text('owner'), reason: text('reason'), expires: text('expires') } }),
  };
}

function verdictOf(read: Reader, { status, problems, unseen, why }: Tree, at: string): Verdict {
  switch (read.oneOf(status, ['pass', 'fail', 'not-applicable', 'unknown'] as const, `${at}.status`)) {
    case 'pass':
      return { status: 'pass' };
    case 'fail': {
      const list = read.list(problems, `${at}.problems`);
      if (list.length === 0) read.fail(`${at}.problems`, 'of at least one');
      const paths = read.list(unseen ?? [], `${at}.unseen`).map((each) => read.text(each, `${at}.unseen`));
      return {
        status: 'fail',
        problems: list.map((each, i) => problemOf(read, each, `${at}.problems[${i}]`)),
        ...(paths.length === 0 ? {} : { unseen: paths }),
      };
    }
    case 'unknown':
      return { status: 'unknown', why: read.text(why, `${at}.why`) };
    default:
      return { status: 'not-applicable', why: read.text(why, `${at}.why`) };
  }
}

/** @param text JSON. @param path for errors. @throws SecureError REPORT_INVALID */
export function parseReport(text: string, path: string): StoredReport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // What the parser says quotes the text, which may be a secret that a link led to.
    throw invalid(path, 'it is no JSON', error);
  }
  const read = new Reader(path);
  const whole = read.object(value, 'the document');
  if (whole.schemaVersion !== 1) read.fail('schemaVersion', '1');
  const details = new Map<string, Tree>();
  for (const [i, each] of read.list(whole.checks, 'checks').entries()) {
    const check = read.object(each, `checks[${i}]`);
    details.set(read.text(check.id, `checks[${i}].id`), check);
  }
  const known = new Map<string, AnyCheck>();
  const checkOf = (tree: Tree, target: AnyCheck['target'], at: string): AnyCheck => {
    const id = read.text(tree.id, `${at}.id`);
    const severity = read.oneOf(tree.severity, SEVERITIES, `${at}.severity`);
    const same = known.get(`${severity} ${id}`);
    if (same !== undefined) return same;
    const more = details.get(id) ?? {};
    const texts = (name: string): string[] =>
      read.list(more[name] ?? [], `checks.${id}.${name}`).map((each) => read.text(each, `checks.${id}.${name}`));
    const check: AnyCheck = {
      ...{ id, severity, target, examples: [] },
      title: read.text(tree.title, `${at}.title`),
      ...{ frameworks: texts('frameworks'), references: texts('references') },
      rationale: read.text(more.rationale ?? '', `checks.${id}.rationale`),
      remediation: read.text(more.remediation ?? '', `checks.${id}.remediation`),
      check: () => ({ status: 'unknown', why: 'it was decided when the report was made' }),
    };
    known.set(`${severity} ${id}`, check);
    return check;
  };
  const audited = read.list(whole.audited, 'audited').map((each, i): Audited => {
    const at = `audited[${i}]`;
    const tree = read.object(each, at);
    const target = read.oneOf(tree.target, TARGETS, `${at}.target`);
    const results = read.list(tree.results, `${at}.results`).map((one, k): Result => {
      const where = `${at}.results[${k}]`;
      const result = read.object(one, where);
      return {
        check: checkOf(result, target, where),
        verdict: verdictOf(read, result, where),
        ...(result.advisory === true ? { advisory: true as const } : {}),
      };
    });
    return { target, name: read.text(tree.name, `${at}.name`), uri: read.text(tree.uri, `${at}.uri`), results };
  });
  return { product: read.text(whole.product, 'product'), generated: read.text(whole.generated, 'generated'), audited };
}

/** What files are read into, one after the other: ten thousand buffers would be memory that nobody has freed yet. */
let scratch = Buffer.alloc(1 << 20);

/** All of an open file; undefined when it is larger than the limit, whatever size it says it has. */
function readAll(fd: number): Uint8Array | undefined {
  for (let size = 0; ; ) {
    if (size === scratch.length) {
      if (size > LIMIT) return undefined;
      const larger = Buffer.alloc(Math.min(2 * size, LIMIT + 1));
      scratch.copy(larger);
      scratch = larger;
    }
    const n = readSync(fd, scratch, size, scratch.length - size, null);
    if (n === 0) return scratch.subarray(0, size);
    size += n;
  }
}

/** The bytes of a regular file as text. @throws SecureError REPORT_INVALID */
function textOf(path: string): string {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    if (!fstatSync(fd).isFile()) throw new Error('it is no regular file');
    const bytes = readAll(fd);
    if (bytes === undefined) throw new Error(`it is larger than ${LIMIT >> 20} MiB`);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw invalid(path, `it cannot be read: ${(error as Error).message}`, error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** @throws SecureError REPORT_INVALID: no file, no report */
export const readReport = (path: string): StoredReport => parseReport(textOf(path), path);

/** Fingerprints of what is open in a report: what was waived there is not known, or it would never come back. */
export function openFingerprints({ audited }: StoredReport): Set<string> {
  return new Set(
    audited.flatMap(({ results }) =>
      results.flatMap(({ verdict }) =>
        verdict.status !== 'fail'
          ? []
          : (verdict.problems as readonly StoredProblem[]).flatMap((each) =>
              each.waiver === undefined ? [each.fingerprint] : [],
            ),
      ),
    ),
  );
}
