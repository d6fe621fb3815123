// SPDX-License-Identifier: Apache-2.0
// Advisories by the packages that they are about: a file of SQLite, so that an audit reads the few rows that it needs. An import is one
// transaction: it counts as a whole or not at all, also when the process is killed.
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { ExitCode, SecureError } from '../../errors.ts';
import type { Severity } from '../types.ts';
import { type Advisory, type Affected, parseAdvisory } from './advisory.ts';
import { documents, unreadable } from './documents.ts';

/** For another import to end. */
const WAIT_MS = 30_000;
/** Of the tables; another one is read by another version. */
const FORMAT = 1;
const SCHEMA = `
  CREATE TABLE advisory (id TEXT PRIMARY KEY, modified TEXT NOT NULL, aliases TEXT NOT NULL, summary TEXT NOT NULL, severity TEXT) STRICT, WITHOUT ROWID;
  CREATE TABLE affected (ecosystem TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL, what TEXT NOT NULL) STRICT;
  CREATE INDEX affected_by_name ON affected (ecosystem, name);
  CREATE INDEX affected_by_id ON affected (id);
  CREATE TABLE imported (source TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${FORMAT};
`;

export interface Known {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly severity: Severity | null;
  readonly what: Affected;
}
export interface Imported {
  readonly advisories: number;
  readonly withdrawn: number;
}
export interface Ecosystem {
  readonly ecosystem: string;
  readonly advisories: number;
  /** Of the newest, RFC 3339. */
  readonly modified: string;
}

/** Result codes of SQLite (sqlite.org/rescode.html), the lower byte. */
const [BUSY, LOCKED, FULL] = [5, 6, 13];

function failed(path: string, cause: unknown): SecureError {
  const { errcode = 0, message } = cause as Error & { errcode?: number };
  const options = { exitCode: ExitCode.host, cause };
  if ([BUSY, LOCKED].includes(errcode & 0xff))
    return new SecureError('STORE_BUSY', `${path} is in use: another import has not ended`, {
      ...options,
      hint: 'try again when it has',
    });
  if ((errcode & 0xff) === FULL)
    return new SecureError('NO_SPACE', `${path} cannot be written: ${message}`, {
      ...options,
      hint: 'make space; nothing was changed',
    });
  return new SecureError('STORE_CORRUPT', `${path} is no database of advisories: ${message}`, {
    ...options,
    hint: "remove it, and import again: 'secure audit db import'",
  });
}

export class VulnerabilityDatabase {
  readonly #path: string;
  readonly #database: DatabaseSync;
  #byName: StatementSync | undefined;

  private constructor(path: string, database: DatabaseSync) {
    this.#path = path;
    this.#database = database;
  }

  /** What was imported; undefined: nothing was. @throws SecureError STORE_CORRUPT */
  static open(path: string): VulnerabilityDatabase | undefined {
    if (!existsSync(path)) return undefined;
    try {
      return VulnerabilityDatabase.#open(path, { readOnly: true });
    } catch (error) {
      if (error instanceof SecureError && error.code === 'STORE_BUSY') throw error;
      // What an import that was killed has left is taken back by whoever may write.
      return VulnerabilityDatabase.#open(path, { readOnly: false });
    }
  }

  /** To import into. @throws SecureError STORE_CORRUPT, STORE_BUSY, NO_SPACE */
  static create(path: string, milliseconds = WAIT_MS): VulnerabilityDatabase {
    mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
    // An import that was killed at once leaves an empty one.
    return VulnerabilityDatabase.#open(path, { readOnly: false, milliseconds }) ?? VulnerabilityDatabase.#make(path);
  }

  /** Undefined: there is nothing in it yet. */
  static #open(
    path: string,
    { readOnly, milliseconds = WAIT_MS }: { readonly readOnly: boolean; readonly milliseconds?: number },
  ): VulnerabilityDatabase | undefined {
    let database: DatabaseSync | undefined;
    try {
      // Another import may be at it.
      database = new DatabaseSync(path, { readOnly, timeout: milliseconds });
      const { format } = database.prepare('SELECT user_version AS format FROM pragma_user_version').get() as {
        format: number;
      };
      const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number };
      if (format === 0 && tables === 0) {
        database.close();
        return undefined;
      }
      if (format !== FORMAT) throw new Error(`it is of format ${format}, and this version reads ${FORMAT}`);
      return new VulnerabilityDatabase(path, database);
    } catch (cause) {
      if (database?.isOpen === true) database.close();
      throw failed(path, cause);
    }
  }

  static #make(path: string): VulnerabilityDatabase {
    const database = new DatabaseSync(path, { timeout: WAIT_MS });
    try {
      database.exec('BEGIN IMMEDIATE');
      const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number };
      // Somebody else was first.
      database.exec(tables === 0 ? `${SCHEMA} COMMIT` : 'COMMIT');
      return new VulnerabilityDatabase(path, database);
    } catch (cause) {
      database.close();
      throw failed(path, cause);
    }
  }

  close(): void {
    this.#database.close();
  }

  #run<T>(action: () => T): T {
    try {
      return action();
    } catch (cause) {
      throw cause instanceof SecureError ? cause : failed(this.#path, cause);
    }
  }

  /**
   * Everything at a path: what is known by the same id is replaced, what was withdrawn is taken out.
   * @throws SecureError AUDIT_UNREADABLE naming the document, LIMIT_EXCEEDED, STORE_CORRUPT; nothing is changed then
   */
  async load(path: string, source: string, now: Date): Promise<Imported> {
    const database = this.#database;
    this.#run(() => database.exec('BEGIN IMMEDIATE'));
    try {
      const statements = this.#run(() => ({
        forget: [
          database.prepare('DELETE FROM advisory WHERE id = ?'),
          database.prepare('DELETE FROM affected WHERE id = ?'),
        ],
        advisory: database.prepare('INSERT INTO advisory VALUES (?, ?, ?, ?, ?)'),
        affected: database.prepare('INSERT INTO affected VALUES (?, ?, ?, ?)'),
      }));
      let [advisories, withdrawn] = [0, 0];
      for await (const { name, text } of documents(path)) {
        let advisory: Advisory;
        try {
          advisory = parseAdvisory(JSON.parse(text));
        } catch (cause) {
          throw unreadable(name, (cause as Error).message, cause);
        }
        this.#run(() => put(statements, advisory));
        if (advisory.withdrawn) withdrawn += 1;
        else advisories += 1;
      }
      if (advisories + withdrawn === 0) throw unreadable(path, 'no advisory is in it');
      this.#run(() => {
        database.prepare('INSERT OR REPLACE INTO imported VALUES (?, ?)').run(source, now.toISOString());
        database.exec('COMMIT');
      });
      return { advisories, withdrawn };
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  /** What is known of a package. @param ecosystem as osv.dev calls it: `Debian:12` */
  about(ecosystem: string, name: string): Known[] {
    return this.#run(() => {
      this.#byName ??= this.#database.prepare(
        'SELECT advisory.id, aliases, summary, severity, what FROM affected JOIN advisory USING (id) WHERE ecosystem = ? AND name = ? ORDER BY advisory.id',
      );
      return this.#byName.all(ecosystem, name).map((row) => ({
        id: String(row.id),
        aliases: JSON.parse(String(row.aliases)) as string[],
        summary: String(row.summary),
        severity: row.severity as Severity | null,
        what: { ecosystem, name, ...(JSON.parse(String(row.what)) as Pick<Affected, 'ranges' | 'versions'>) },
      }));
    });
  }

  /** What is there. */
  ecosystems(): Ecosystem[] {
    return this.#run(() =>
      this.#database
        .prepare(
          'SELECT ecosystem, count(DISTINCT id) AS advisories, max(modified) AS modified FROM affected JOIN advisory USING (id) GROUP BY ecosystem ORDER BY ecosystem',
        )
        .all()
        .map((row) => ({
          ecosystem: String(row.ecosystem),
          advisories: Number(row.advisories),
          modified: String(row.modified),
        })),
    );
  }

  /** Is anything known of an ecosystem? */
  has(ecosystem: string): boolean {
    return this.#run(
      () => this.#database.prepare('SELECT 1 FROM affected WHERE ecosystem = ? LIMIT 1').get(ecosystem) !== undefined,
    );
  }

  /** The last import, RFC 3339. */
  get imported(): string | undefined {
    const row = this.#run(() => this.#database.prepare('SELECT max(at) AS at FROM imported').get());
    return typeof row?.at === 'string' ? row.at : undefined;
  }
}

interface Statements {
  readonly forget: readonly StatementSync[];
  readonly advisory: StatementSync;
  readonly affected: StatementSync;
}

function put(statements: Statements, advisory: Advisory): void {
  const { id, modified, aliases, summary, severity, affected, withdrawn } = advisory;
  for (const forget of statements.forget) forget.run(id);
  if (withdrawn) return;
  statements.advisory.run(id, modified, JSON.stringify(aliases), summary, severity);
  for (const { ecosystem, name, ranges, versions } of affected)
    statements.affected.run(ecosystem, name, id, JSON.stringify({ ranges, versions }));
}
