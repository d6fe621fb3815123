// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from 'vitest';
import { VulnerabilityDatabase } from '../../../src/audit/vulnerabilities/database.ts';
import { match } from '../../../src/audit/vulnerabilities/match.ts';
import { parseVex, withoutExcepted } from '../../../src/audit/vulnerabilities/vex.ts';
import { SecureError } from '../../../src/errors.ts';
import type { Package } from '../../../src/runtime/images/sbom/types.ts';
import { temporaryDirectory } from '../../support/store.ts';
import { zip } from '../../support/zip.ts';

const NOW = new Date('2026-12-01T00:00:00Z');
const advisory = (id: string, ecosystem: string, name: string, events: object[], more: object = {}) =>
  JSON.stringify({
    id,
    modified: '2026-11-01T00:00:00Z',
    summary: `about ${name}`,
    affected: [{ package: { ecosystem, name }, ranges: [{ type: 'ECOSYSTEM', events }] }],
    ...more,
  });
const below = (fixed: string) => [{ introduced: '0' }, { fixed }];

let root: string;
let database: VulnerabilityDatabase;
const put = (name: string, data: string | Buffer): string => {
  writeFileSync(join(root, name), data);
  return join(root, name);
};
const load = (path: string) => database.load(path, path, NOW);
const failure = async (path: string): Promise<string> => {
  try {
    await load(path);
  } catch (error) {
    if (error instanceof SecureError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'imported';
};

beforeEach(() => {
  root = temporaryDirectory();
  database = VulnerabilityDatabase.create(join(root, 'v.db'));
  return () => database.close();
});

describe('advisories', () => {
  it('come from a file, a directory and an archive, and answer by package', async () => {
    mkdirSync(join(root, 'all/deep'), { recursive: true });
    put('all/a.json', advisory('CVE-2026-1', 'npm', 'one', below('2.0.0')));
    put('all/deep/b.json', advisory('CVE-2026-2', 'npm', 'one', below('3.0.0')));
    put('all/readme.txt', 'no advisory');
    expect(await load(join(root, 'all'))).toEqual({ advisories: 2, withdrawn: 0 });
    const archive = zip([
      { name: 'DSA-1.json', data: advisory('DSA-1', 'Debian:12', 'openssl', below('3')), deflate: true },
      { name: 'deep/DSA-2.json', data: advisory('DSA-2', 'Debian:12', 'openssl', below('4')) },
      { name: 'notes.txt', data: 'x' },
    ]);
    expect(await load(put('all.zip', archive))).toEqual({ advisories: 2, withdrawn: 0 });
    expect(database.about('npm', 'one').map(({ id }) => id)).toEqual(['CVE-2026-1', 'CVE-2026-2']);
    expect(database.about('Debian:12', 'openssl').map(({ id }) => id)).toEqual(['DSA-1', 'DSA-2']);
    expect(database.about('Debian:11', 'openssl')).toEqual([]);
    expect(database.ecosystems()).toEqual([
      { ecosystem: 'Debian:12', advisories: 2, modified: '2026-11-01T00:00:00Z' },
      { ecosystem: 'npm', advisories: 2, modified: '2026-11-01T00:00:00Z' },
    ]);
    expect(database.imported).toBe(NOW.toISOString());
  });

  it('replace what they said before, and are taken back', async () => {
    await load(put('a.json', advisory('CVE-1-1', 'npm', 'one', below('2.0.0'))));
    await load(put('a.json', advisory('CVE-1-1', 'npm', 'other', below('2.0.0'))));
    expect(database.about('npm', 'one')).toEqual([]);
    expect(database.about('npm', 'other')).toHaveLength(1);
    const gone = advisory('CVE-1-1', 'npm', 'other', below('2.0.0'), { withdrawn: '2026-11-02T00:00:00Z' });
    expect(await load(put('a.json', gone))).toEqual({ advisories: 0, withdrawn: 1 });
    expect(database.about('npm', 'other')).toEqual([]);
  });

  it.each<[string, string, string | Buffer, string]>([
    ['is no JSON', 'a.json', '{', 'a.json cannot be read'],
    ['is none', 'a.json', '{"id": 7}', 'id is no text'],
    ['is no UTF-8', 'a.json', Buffer.from([0x22, 0xff, 0x22]), 'it is not UTF-8'],
    ['is no archive', 'a.zip', 'PK', 'it is no archive'],
    [
      'is a damaged archive',
      'a.zip',
      zip([{ name: 'a.json', data: 'x'.repeat(100), deflate: true }]).fill(0xff, 40, 44),
      'a.zip',
    ],
    [
      'is an archive of lies',
      'a.zip',
      zip([{ name: 'a.json', data: advisory('CVE-1-1', 'npm', 'a', []), deflate: true, size: 3 }]),
      'a.zip',
    ],
    [
      'has a name that leads out',
      'a.zip',
      zip([{ name: '../x.json', data: advisory('CVE-1-1', 'npm', 'a', []) }]),
      'a.zip',
    ],
    ['is a bomb', 'a.zip', zip([{ name: 'a.json', data: Buffer.alloc(64 << 20, 0x20), deflate: true }]), 'larger than'],
    ['has none', 'a.zip', zip([{ name: 'a.txt', data: 'x' }]), 'no advisory is in it'],
  ])('one that %s is an error, and changes nothing', async (_, name, data, message) => {
    await load(put('before.json', advisory('CVE-1-1', 'npm', 'kept', below('2.0.0'))));
    const good = advisory('CVE-1-2', 'npm', 'new', below('2.0.0'));
    mkdirSync(join(root, 'mixed'));
    put('mixed/0.json', good);
    expect(await failure(put(name, data))).toMatch(/^AUDIT_UNREADABLE /);
    expect(await failure(join(root, name))).toContain(message);
    if (name === 'a.json') {
      put('mixed/1.json', data);
      expect(await failure(join(root, 'mixed'))).toContain(join(root, 'mixed/1.json'));
    }
    expect(database.about('npm', 'kept')).toHaveLength(1);
    expect(database.about('npm', 'new')).toEqual([]);
  });

  it('are not read from what is no file', async () => {
    expect(await failure('/dev/zero')).toContain('no regular file');
    expect(await failure(join(root, 'nosuch'))).toContain('ENOENT');
    symlinkSync('loop', join(root, 'loop'));
    expect(await failure(join(root, 'loop'))).toMatch(/^AUDIT_UNREADABLE /);
    const huge = put('huge.json', '');
    truncateSync(huge, 2 ** 31);
    expect(await failure(huge)).toContain('larger than');
  });

  it('wait for another import, and say so when it takes too long', async () => {
    await load(put('a.json', advisory('CVE-1-1', 'npm', 'one', below('2.0.0'))));
    const other = new DatabaseSync(join(root, 'v.db'));
    other.exec('BEGIN IMMEDIATE');
    const impatient = VulnerabilityDatabase.create(join(root, 'v.db'), 50);
    try {
      await expect(impatient.load(join(root, 'a.json'), 'a', NOW)).rejects.toThrow(/another import has not ended/);
      // Who only reads is not kept waiting.
      const reader = VulnerabilityDatabase.open(join(root, 'v.db'));
      expect(reader?.about('npm', 'one')).toHaveLength(1);
      reader?.close();
    } finally {
      other.exec('ROLLBACK');
      other.close();
      impatient.close();
    }
  });

  it('are no database when something else is in its file', () => {
    const text = put('text', 'not a database, but long enough to be taken for one'.repeat(40));
    const other = join(root, 'other');
    const foreign = new DatabaseSync(other);
    foreign.exec('CREATE TABLE x (y)');
    foreign.close();
    for (const path of [text, other]) {
      expect(() => VulnerabilityDatabase.open(path)).toThrow(/is no database of advisories/);
      expect(() => VulnerabilityDatabase.create(path)).toThrow(/is no database of advisories/);
    }
    // One that was killed before it had begun.
    expect(VulnerabilityDatabase.open(put('empty', ''))).toBeUndefined();
    VulnerabilityDatabase.create(join(root, 'empty')).close();
    expect(VulnerabilityDatabase.open(join(root, 'nothing'))).toBeUndefined();
  });
});

describe('packages', () => {
  const one = (type: Package['type'], name: string, version: string, source = { name, version }): Package => ({
    ...{ type, name, version, source, architecture: '', depends: [], provides: [] },
  });
  const debian = { id: 'debian', name: 'Debian', versionId: '12' };
  const found = (packages: Package[], distribution = debian) => {
    const { found: all, ...rest } = match(database, { packages, distribution });
    return { ...rest, found: all.map(({ id, name, severity, fixed }) => `${id} ${name} ${severity} ${fixed}`) };
  };

  beforeEach(async () => {
    const archive = [
      advisory('DEBIAN-CVE-2026-1', 'Debian:12', 'openssl', below('3.0.12-1'), { upstream: ['CVE-2026-1'] }),
      advisory('DSA-9-1', 'Debian:12', 'openssl', below('3.0.12-1'), {
        aliases: ['CVE-2026-1'],
        severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
      }),
      advisory('GHSA-1', 'npm', '@scope/pad', below('1.2.0')),
      advisory('ALPINE-CVE-2026-3', 'Alpine:v3.19', 'busybox', below('1.36.1-r16')),
      advisory('PYSEC-2026-4', 'PyPI', 'requests', below('2.32.0')),
      advisory('GO-2026-5', 'Go', 'stdlib', [{ introduced: '1.22.0-0' }, { fixed: '1.22.7' }]),
    ];
    await load(put('all.zip', zip(archive.map((data, i) => ({ name: `${i}.json`, data })))));
  });

  it('are asked about by their sources, and a flaw with several names is one', () => {
    const source = { name: 'openssl', version: '3.0.11-1' };
    expect(found([one('deb', 'libssl3', '3.0.11-1+b1', source)]).found).toEqual([
      'CVE-2026-1 libssl3 critical 3.0.12-1',
    ]);
    expect(found([one('deb', 'libssl3', '3.0.12-1', { name: 'openssl', version: '3.0.12-1' })]).found).toEqual([]);
  });

  it('of each ecosystem are judged by its own order of versions', () => {
    const packages = [
      one('npm', '@scope/pad', '1.10.0'),
      one('npm', '@scope/pad', '1.1.9'),
      one('pypi', 'requests', '2.32.0rc1'),
      one('golang', 'stdlib', '1.22.6'),
      one('golang', 'stdlib', '1.21.13'),
    ];
    expect(found(packages).found).toEqual([
      'GHSA-1 @scope/pad null 1.2.0',
      'PYSEC-2026-4 requests null 2.32.0',
      'GO-2026-5 stdlib null 1.22.7',
    ]);
    const alpine = { id: 'alpine', name: 'Alpine', versionId: '3.19.4' };
    expect(found([one('apk', 'busybox', '1.36.1-r15')], alpine).found).toEqual([
      'ALPINE-CVE-2026-3 busybox null 1.36.1-r16',
    ]);
    expect(found([one('apk', 'busybox', '1.36.1-r16')], alpine).found).toEqual([]);
  });

  it('that nothing is known of, or that cannot be compared, are told', () => {
    const fedora = { id: 'fedora', name: 'Fedora', versionId: '43' };
    expect(found([one('deb', 'a', '1')], fedora).uncovered).toEqual(['fedora 43']);
    expect(found([one('deb', 'a', '1')], { ...debian, versionId: '13' }).uncovered).toEqual(['Debian:13']);
    expect(found([one('cargo', 'a', '1.0.0')]).uncovered).toEqual(['crates.io']);
    expect(found([one('npm', '@scope/pad', 'main')]).unjudged).toEqual(['@scope/pad main']);
  });

  it('are not affected where a VEX document says so, of this image or of the package', () => {
    const known = match(database, { packages: [one('npm', '@scope/pad', '1.1.0')], distribution: debian });
    const product = { reference: 'registry.example/app:1', digest: `sha256:${'a'.repeat(64)}` };
    const left = (statement: object) => {
      const document = {
        '@context': 'https://openvex.dev/ns/v0.2.0',
        statements: [
          {
            vulnerability: { name: 'GHSA-1' },
            status: 'not_affected',
            justification: 'component_not_present',
            ...statement,
          },
        ],
      };
      return withoutExcepted(known, product, [parseVex(document, 'v.json')]).found.length;
    };
    const image = `pkg:oci/app@sha256%3A${'a'.repeat(64)}`;
    const pad = 'pkg:npm/%40scope/pad@1.1.0';
    expect(left({ products: [{ '@id': image }] })).toBe(0);
    expect(left({ products: [image] })).toBe(0);
    expect(left({ products: [{ '@id': image, subcomponents: [{ '@id': pad }] }] })).toBe(0);
    expect(left({ products: [{ '@id': 'pkg:npm/%40scope/pad' }] })).toBe(0);
    expect(left({ status: 'fixed', products: [{ '@id': pad }] })).toBe(0);
    // Another image, package, version, flaw or status.
    expect(left({ products: [{ '@id': image.replace('aaa', 'bbb') }] })).toBe(1);
    expect(left({ products: [{ '@id': image, subcomponents: [{ '@id': 'pkg:npm/other' }] }] })).toBe(1);
    expect(left({ products: [{ '@id': 'pkg:npm/%40scope/pad@1.1.1' }] })).toBe(1);
    expect(left({ products: [{ '@id': 'pkg:pypi/%40scope/pad' }] })).toBe(1);
    expect(left({ products: [{ '@id': 'pkg:npm/%zz' }] })).toBe(1);
    expect(left({ products: [{ '@id': pad }], vulnerability: 'GHSA-2' })).toBe(1);
    expect(left({ products: [{ '@id': pad }], status: 'affected' })).toBe(1);
    expect(left({ products: [{ '@id': pad }], status: 'under_investigation' })).toBe(1);
    // Of no product nothing is said.
    expect(left({ products: [] })).toBe(1);
    expect(left({})).toBe(1);
  });

  it.each<[unknown, string]>([
    [{}, '@context'],
    [{ '@context': 'https://openvex.dev/ns/v0.2.0', statements: {} }, 'statements is no list'],
    [{ '@context': 'https://openvex.dev/ns/v0.2.0', statements: [{ vulnerability: 'x', status: 'fine' }] }, 'none of'],
    [
      { '@context': 'https://openvex.dev/ns/v0.2.0', statements: [{ vulnerability: 'x', status: 'not_affected' }] },
      'without a justification',
    ],
    [{ '@context': 'https://openvex.dev/ns/v0.2.0', statements: [{ status: 'fixed' }] }, 'vulnerability is no object'],
    [
      {
        '@context': 'https://openvex.dev/ns/v0.2.0',
        statements: [{ vulnerability: 'x', status: 'fixed', products: [{}] }],
      },
      'no @id',
    ],
  ])('%j is no VEX document', (document, message) => {
    expect(() => parseVex(document, 'v.json')).toThrow(message);
  });
});
