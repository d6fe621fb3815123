// SPDX-License-Identifier: Apache-2.0
// Scores of audits over time, in one SQLite file that belongs to who audits.
import { chmodSync, closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SecureError } from '../errors.ts';
import { count, reportScore, sectionsOf } from './score.ts';
import type { Report, Severity } from './types.ts';

/** Audits that are kept, of all scopes together; one an hour for a year. */
const KEPT = 10_000;
/** Milliseconds that another audit may take to write. */
const PATIENCE = 5_000;
const VERSION = 1;

export interface HistoryEntry {
  readonly generated: string;
  /** What was audited: `host`, `image/localhost/nginx/latest`, `host+image+container`. */
  readonly scope: string;
  readonly product: string;
  readonly score: number | null;
  readonly sections: Readonly<Record<string, number | null>>;
  readonly fail: number;
  readonly unknown: number;
  readonly pass: number;
  readonly failed: Readonly<Record<Severity, number>>;
}

/** What makes two audits comparable: the one thing, or the kinds of things. */
export function scopeOf({ audited, fleet }: Report): string {
  const [only, ...others] = audited;
  if (only === undefined) return 'nothing';
  if (fleet !== undefined) return 'fleet';
  return others.length === 0
    ? only.uri
    : sectionsOf(audited)
        .map(({ target }) => target)
        .join('+');
}

function broken(path: string, cause: unknown): SecureError {
  return new SecureError('HISTORY_INVALID', `${path}: the history cannot be used: ${(cause as Error).message}`, {
    hint: 'move the file away to start anew, or audit without --history',
    cause,
  });
}

/** The history in one file, made where it is missing. Close it. */
export class History {
  readonly #path: string;
  readonly #database: DatabaseSync;

  /** @throws SecureError HISTORY_INVALID: no database, of another version, cannot be written */
  constructor(path: string) {
    this.#path = path;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      // SQLite follows links, and makes files for everybody.
      closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600));
      chmodSync(path, 0o600);
      this.#database = new DatabaseSync(path, { timeout: PATIENCE });
    } catch (error) {
      throw broken(path, error);
    }
    this.#run(() => {
      const version = Number(this.#database.prepare('PRAGMA user_version').get()?.user_version ?? 0);
      if (version > VERSION) throw new Error(`it is of version ${version}, written by a newer secure`);
      this.#database.exec(`CREATE TABLE IF NOT EXISTS audits (
          id INTEGER PRIMARY KEY, generated TEXT NOT NULL, scope TEXT NOT NULL, product TEXT NOT NULL, score INTEGER,
          sections TEXT NOT NULL, fail INTEGER NOT NULL, unknown INTEGER NOT NULL, pass INTEGER NOT NULL, failed TEXT NOT NULL) STRICT;
        CREATE INDEX IF NOT EXISTS audits_scope ON audits (scope, id);
        PRAGMA user_version = ${VERSION}`);
    });
  }

  #run<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw broken(this.#path, error);
    }
  }

  /** Keep what a report comes to. The oldest go when there are too many. */
  add(report: Report): void {
    const counts = count(report.audited.flatMap(({ results }) => results));
    const sections = Object.fromEntries(sectionsOf(report.audited).map(({ target, score }) => [target, score]));
    this.#run(() => {
      this.#database
        .prepare(
          'INSERT INTO audits (generated, scope, product, score, sections, fail, unknown, pass, failed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
        )
        .run(
          ...[report.generated, scopeOf(report), report.product, reportScore(report.audited), JSON.stringify(sections)],
          ...[counts.fail, counts.unknown, counts.pass, JSON.stringify(counts.failed)],
        );
      this.#database.prepare('DELETE FROM audits WHERE id <= (SELECT max(id) FROM audits) - ?').run(KEPT);
    });
  }

  /** The last `limit` audits, oldest first. @param scope undefined: all of them */
  entries(scope: string | undefined, limit: number): HistoryEntry[] {
    const rows = this.#run(() =>
      this.#database
        .prepare('SELECT * FROM audits WHERE ? IS NULL OR scope = ? ORDER BY id DESC LIMIT ?')
        .all(scope ?? null, scope ?? null, limit),
    );
    return this.#run(() =>
      rows.reverse().map(({ id: _, sections, failed, ...row }) => ({
        ...(row as unknown as HistoryEntry),
        sections: JSON.parse(String(sections)) as HistoryEntry['sections'],
        failed: JSON.parse(String(failed)) as HistoryEntry['failed'],
      })),
    );
  }

  close(): void {
    this.#database.close();
  }
}
