// SPDX-License-Identifier: Apache-2.0
// What RPM has put into an image, by whichever form its database has.
import { Damaged, parseHeader, type RpmPackage } from './header.ts';
import { ndbBlobs } from './ndb.ts';
import { sqliteBlobs } from './sqlite.ts';

export interface RpmDatabase {
  readonly packages: readonly RpmPackage[];
  /** Databases that are there and cannot be read, each with why. */
  readonly unread: readonly string[];
}

/** Where distributions have it; one is often a link to the other. */
const DIRECTORIES = ['usr/lib/sysimage/rpm', 'usr/share/rpm', 'var/lib/rpm'];

/** @param read a file of the merged layers; undefined: there is none */
export function readRpm(read: (path: string) => Buffer | undefined): RpmDatabase {
  const packages: RpmPackage[] = [];
  const unread: string[] = [];
  const take = (path: string, blobsOf: (file: Buffer) => Buffer[]): void => {
    const file = read(path);
    // Begun and never written to.
    if (file === undefined || file.length === 0) return;
    try {
      packages.push(...blobsOf(file).flatMap((blob) => parseHeader(blob) ?? []));
    } catch (error) {
      if (!(error instanceof Damaged) && !(error instanceof RangeError)) throw error;
      unread.push(`/${path}: ${error instanceof Damaged ? error.message : 'it is damaged'}`);
    }
  };
  for (const directory of DIRECTORIES) {
    take(`${directory}/rpmdb.sqlite`, (file) =>
      sqliteBlobs(file, read(`${directory}/rpmdb.sqlite-wal`) ?? Buffer.alloc(0)),
    );
    take(`${directory}/Packages.db`, ndbBlobs);
    take(`${directory}/Packages`, () => {
      throw new Damaged('Berkeley DB, the form of RPM before 4.16, is not read');
    });
  }
  return { packages, unread };
}
