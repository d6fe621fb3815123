// SPDX-License-Identifier: Apache-2.0
// Packages of RPM: databases that rpm has written, and ones that lie.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { componentsOf, purlOf } from '../../../src/runtime/images/sbom/components.ts';
import { readInventory } from '../../../src/runtime/images/sbom/read.ts';
import { Damaged } from '../../../src/runtime/images/sbom/rpm/header.ts';
import { ndbBlobs } from '../../../src/runtime/images/sbom/rpm/ndb.ts';
import { sqliteBlobs } from '../../../src/runtime/images/sbom/rpm/sqlite.ts';
import { random as numbers } from '../../support/random.ts';
import { RpmRoot } from '../../support/rpm.ts';
import { temporaryDirectory } from '../../support/store.ts';

const NDB = gunzipSync(readFileSync(join(import.meta.dirname, 'fixtures/rpm/Packages.db.gz')));
const EMPTY = Buffer.alloc(0);

function rpmRoot() {
  const root = temporaryDirectory();
  return { root, rpm: new RpmRoot(root, temporaryDirectory()) };
}
/** As RpmRoot.list. */
const listed = (root: string) =>
  readInventory([root])
    .packages.filter(({ type }) => type === 'rpm')
    .map(
      ({ name, version, architecture, source }) =>
        `${name} ${version} ${architecture} ${source.name}-${source.version.replace(/^\d+:/, '')}.src.rpm`,
    )
    .sort();
const put = (root: string, path: string, data: string | Buffer) => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), data);
};

describe('packages of rpm', () => {
  it('are those that rpm lists, with what they are, own and need', { timeout: 60_000 }, () => {
    const { root, rpm } = rpmRoot();
    rpm.install('alpha', 4);
    rpm.install('beta', 5);
    expect(listed(root)).toEqual(rpm.list());
    expect(rpm.list()).toHaveLength(4);
    rpm.remove('beta-libs');
    expect(listed(root)).toEqual(rpm.list());
    // What a package of the system owns is that package; what somebody has put beside it is not.
    put(root, 'usr/lib/python3/site-packages/x-alpha.dist-info/METADATA', 'Name: x\nVersion: 1\n');
    put(root, 'usr/lib/python3/site-packages/y.dist-info/METADATA', 'Name: y\nVersion: 1\n');
    put(root, 'usr/lib/os-release', 'ID=almalinux\nVERSION_ID=9.4\n');
    const inventory = readInventory([root]);
    expect(inventory.packages.map(({ name }) => name)).toEqual(['y', 'alpha', 'alpha-libs', 'beta']);
    expect(inventory.unread).toBeUndefined();
    const alpha = componentsOf(inventory).find(({ name }) => name === 'alpha');
    expect(alpha).toMatchObject({
      purl: 'pkg:rpm/almalinux/alpha@1.4-3?arch=noarch&distro=almalinux-9.4&epoch=2',
      homepage: 'https://example.com/alpha',
      license: 'MIT',
      maintainer: 'Nobody <nobody@example.com>',
    });
    const beta = componentsOf(inventory).find(({ name }) => name === 'beta');
    expect(beta?.dependsOn).toEqual([alpha?.purl]);
    const libs = inventory.packages.find(({ name }) => name === 'alpha-libs');
    expect(libs?.source).toEqual({ name: 'alpha', version: '2:1.4-3' });
    expect(libs && purlOf(libs, undefined)).toBe('pkg:rpm/redhat/alpha-libs@1.4-3?arch=noarch&epoch=2&upstream=alpha');
  });

  it('of its own kind of database are those that are not removed', () => {
    const root = temporaryDirectory();
    put(root, 'usr/lib/sysimage/rpm/Packages.db', NDB);
    expect(listed(root)).toEqual([
      'alpha-libs 2:1.4-3 noarch alpha-1.4-3.src.rpm',
      'beta 2:1.5-3 noarch beta-1.5-3.src.rpm',
    ]);
  });

  it('that stand in the log of a database alone are there, and those that were not committed are not', () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'rpmdb.sqlite');
    const database = new DatabaseSync(path);
    database.exec('PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; PRAGMA page_size=512');
    database.exec('CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)');
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const insert = database.prepare('INSERT INTO Packages (blob) VALUES (?)');
    const rows = Array.from({ length: 300 }, (_, i) => Buffer.alloc(1 + i * 37, i));
    for (const row of rows) insert.run(row);
    const log = () => readFileSync(`${path}-wal`);
    expect(sqliteBlobs(readFileSync(path), EMPTY)).toEqual([]);
    expect(sqliteBlobs(readFileSync(path), log())).toEqual(rows);
    // Cut in the middle of the last transaction: everything before it.
    expect(sqliteBlobs(readFileSync(path), log().subarray(0, log().length - 10))).toEqual(rows.slice(0, -1));
    database.exec('DELETE FROM Packages WHERE hnum % 3 = 0');
    const left = rows.filter((_, i) => (i + 1) % 3 !== 0);
    expect(sqliteBlobs(readFileSync(path), log())).toEqual(left);
    database.exec('PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
    expect(sqliteBlobs(readFileSync(path), log())).toEqual(left);
    database.close();
    expect(sqliteBlobs(readFileSync(path), EMPTY)).toEqual(left);
  });

  it('of a database that is damaged, or of an older kind, are unread, never none', () => {
    const unread = (files: Readonly<Record<string, string | Buffer>>) => {
      const root = temporaryDirectory();
      for (const [path, data] of Object.entries(files)) put(root, path, data);
      return readInventory([root]).unread;
    };
    expect(unread({ 'var/lib/rpm/Packages': 'x' })).toEqual([
      expect.stringContaining('/var/lib/rpm/Packages: Berkeley DB'),
    ]);
    expect(unread({ 'var/lib/rpm/rpmdb.sqlite': 'x' })).toEqual([expect.stringContaining('no SQLite database')]);
    expect(unread({ 'var/lib/rpm/rpmdb.sqlite': '', 'var/lib/rpm/Packages.db': '' })).toBeUndefined();
    expect(unread({ 'usr/lib/sysimage/rpm/Packages.db': NDB.subarray(0, 5000) })).toEqual([
      expect.stringContaining('leads out'),
    ]);
  });

  it('of databases whose numbers lie are some, or damaged, soon and in little memory', { timeout: 60_000 }, () => {
    const random = numbers();
    const { root, rpm } = rpmRoot();
    rpm.install('alpha', 4);
    const sqlite = readFileSync(join(root, 'var/lib/rpm/rpmdb.sqlite'));
    const since = performance.now();
    for (let i = 0; i < 3000; i += 1) {
      const [file, read] =
        i % 2 === 0 ? ([NDB, ndbBlobs] as const) : ([sqlite, (data: Buffer) => sqliteBlobs(data, EMPTY)] as const);
      const changed = Buffer.from(file);
      for (let k = 0; k <= random.int(6); k += 1) {
        // Mostly where numbers are: heads of the file and of pages.
        const at = random.int(2) === 0 ? random.int(512) : random.int(changed.length / 512) * 512 + random.int(64);
        changed[Math.min(at, changed.length - 1)] = random.pick([0, 1, 5, 13, 0x7f, 0x80, 0xff, random.int(256)]);
      }
      const cut = random.int(10) === 0 ? changed.subarray(0, random.int(changed.length)) : changed;
      try {
        read(cut);
      } catch (error) {
        if (!(error instanceof Damaged) && !(error instanceof RangeError)) throw error;
      }
    }
    expect(performance.now() - since, `seed ${random.seed}`).toBeLessThan(50_000);
  });
});
