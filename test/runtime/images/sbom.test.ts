// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { describe, expect, it } from 'vitest';
import { componentsOf, uuidOf } from '../../../src/runtime/images/sbom/components.ts';
import { cycloneDx } from '../../../src/runtime/images/sbom/cyclonedx.ts';
import {
  inventory,
  parseApkInstalled,
  parseDpkgStatus,
  parseOsRelease,
} from '../../../src/runtime/images/sbom/inventory.ts';
import { readInventory } from '../../../src/runtime/images/sbom/read.ts';
import { spdx } from '../../../src/runtime/images/sbom/spdx.ts';
import { temporaryDirectory } from '../../support/store.ts';
import bom from './fixtures/cyclonedx-bom-1.6.schema.json' with { type: 'json' };
import jsf from './fixtures/cyclonedx-jsf-0.82.schema.json' with { type: 'json' };
import licenses from './fixtures/cyclonedx-spdx.schema.json' with { type: 'json' };
import spdxSchema from './fixtures/spdx-2.3.schema.json' with { type: 'json' };

const STATUS = `Package: libc6
Status: install ok installed
Maintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>
Architecture: amd64
Source: glibc
Version: 2.36-9+deb12u10
Depends: libgcc-s1, libcrypt1 (>= 1:4.4.10-10~)
Homepage: https://www.gnu.org/software/libc/libc.html
Description: GNU C Library
 Depends: not-a-field
 .
 more

Package: libgcc-s1
Status: install ok installed
Architecture: amd64
Source: gcc-12 (12.2.0-14+deb12u1)
Version: 12.2.0-14+deb12u1
Depends: gcc-12-base (= 12.2.0-14+deb12u1), libc6 (>= 2.35) | musl
Homepage: javascript:alert(1)

Package: removed
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: login
Status: install ok half-configured
Architecture: amd64
Version: 1:4.13+dfsg1-1
Depends: virtual-thing, absent | libc6:any
Provides: other (= 2)

Package: supplier
Status: install ok installed
Architecture: all
Version: 2~rc1
Provides: virtual-thing (= 2)
`;

const RELEASE = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n`;
const SUBJECT = {
  name: 'localhost/app:latest',
  digest: `sha256:${'ab'.repeat(32)}`,
  created: '2025-05-20T00:00:00.000Z',
};
const HOSTILE = `Package: ../../x"\\\u0000<script>\nVersion: 1 2?&=#%\nArchitecture: a/b\nMaintainer: <>\n\nPackage: UPPER\nVersion: 1\n\nPackage: upper\nVersion: 1\n`;

function validator(schema: object, ...others: object[]): ValidateFunction {
  const ajv = new Ajv({ strict: false, allErrors: true, schemas: others });
  ajv.addFormat(
    'date-time',
    (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) && !Number.isNaN(Date.parse(text)),
  );
  ajv.addFormat('uri', (text) => URL.canParse(text));
  ajv.addFormat('iri-reference', (text) => URL.canParse(text, 'https://example/'));
  ajv.addFormat('idn-email', /@/);
  return ajv.compile(schema);
}

const validCycloneDx = validator(bom, jsf, licenses);
const validSpdx = validator(spdxSchema);

const example = () => inventory(parseDpkgStatus(STATUS), parseOsRelease(RELEASE));

describe('databases of packages', () => {
  it('dpkg: what is there, with its source, whatever its state', () => {
    const packages = example().packages;
    expect(packages.map(({ name, version }) => [name, version])).toEqual([
      ['libc6', '2.36-9+deb12u10'],
      ['libgcc-s1', '12.2.0-14+deb12u1'],
      ['login', '1:4.13+dfsg1-1'],
      ['supplier', '2~rc1'],
    ]);
    expect(packages[0]?.source).toEqual({ name: 'glibc', version: '2.36-9+deb12u10' });
    expect(packages[1]?.source).toEqual({ name: 'gcc-12', version: '12.2.0-14+deb12u1' });
    expect(packages[0]?.homepage).toBe('https://www.gnu.org/software/libc/libc.html');
    expect(packages[1]?.homepage).toBeUndefined();
  });

  it('apk: letters of either case, files left out', () => {
    const text =
      'C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\no:musl\np:so:libc.musl-x86_64.so.1=1\nF:lib\nR:ld.so\n\nP:busybox\nV:1.36-r2\nA:x86_64\nD:so:libc.musl-x86_64.so.1 !gone\n\n';
    const components = componentsOf(
      inventory(parseApkInstalled(text), { id: 'alpine', name: 'Alpine', versionId: '3.20' }),
    );
    expect(components.map(({ purl }) => purl)).toEqual([
      'pkg:apk/alpine/busybox@1.36-r2?arch=x86_64&distro=alpine-3.20',
      'pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20',
    ]);
    expect(components[0]?.dependsOn).toEqual([components[1]?.purl]);
    expect(components[1]?.license).toBe('MIT');
  });

  it('os-release: quotes, and no distribution without an id', () => {
    expect(parseOsRelease(RELEASE)).toEqual({ id: 'debian', name: 'Debian GNU/Linux 12 (bookworm)', versionId: '12' });
    expect(parseOsRelease('NAME=x\n')).toBeUndefined();
    expect(parseOsRelease('ID=a/../b\n')).toBeUndefined();
  });
});

describe('components', () => {
  it('have package URLs as purl-spec writes them', () => {
    expect(componentsOf(example()).map(({ purl }) => purl)).toEqual([
      'pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12&upstream=glibc',
      'pkg:deb/debian/libgcc-s1@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12&upstream=gcc-12',
      'pkg:deb/debian/login@1:4.13%2Bdfsg1-1?arch=amd64&distro=debian-12',
      'pkg:deb/debian/supplier@2~rc1?arch=all&distro=debian-12',
    ]);
  });

  it('depend on what is there: the first alternative, or who provides it', () => {
    const [libc, libgcc, login, supplier] = componentsOf(example());
    expect(libc?.dependsOn).toEqual([libgcc?.purl]);
    expect(libgcc?.dependsOn).toEqual([libc?.purl]);
    expect(login?.dependsOn).toEqual([libc?.purl, supplier?.purl]);
  });

  it('have a UUID that follows from the content', () => {
    expect(uuidOf('a')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuidOf('a', 'b')).not.toBe(uuidOf('ab'));
  });
});

describe.each([
  ['CycloneDX 1.6', cycloneDx, validCycloneDx],
  ['SPDX 2.3', spdx, validSpdx],
])('%s', (_name, write, validate) => {
  it.each([
    ['packages', example()],
    ['none', inventory([])],
    ['hostile names', inventory(parseDpkgStatus(HOSTILE), parseOsRelease(RELEASE))],
  ])('is valid by the published schema: %s', (_case, given) => {
    const document: unknown = JSON.parse(write(given, SUBJECT));
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
  });

  it('the schema would object', () => {
    const document = JSON.parse(write(example(), SUBJECT)) as Record<string, unknown>;
    expect(validate({ ...document, packages: [{}], components: [{}] })).toBe(false);
  });

  it('has every package with its version, and is the same each time in whatever order they were read', () => {
    const text = write(example(), SUBJECT);
    for (const { name, version } of example().packages) {
      expect(text).toContain(`"name": "${name}"`);
      expect(text).toContain(`"${version}"`);
    }
    const turned = inventory(parseDpkgStatus(STATUS).toReversed(), parseOsRelease(RELEASE));
    expect(write(turned, SUBJECT)).toBe(text);
    expect(write(example(), { ...SUBJECT, digest: `sha256:${'cd'.repeat(32)}` })).not.toBe(text);
  });
});

it('names in documents are unique', () => {
  const given = inventory(parseDpkgStatus(HOSTILE));
  const { components } = JSON.parse(cycloneDx(given, SUBJECT)) as { components: { 'bom-ref': string }[] };
  expect(new Set(components.map((one) => one['bom-ref'])).size).toBe(components.length);
  const { packages } = JSON.parse(spdx(given, SUBJECT)) as { packages: { SPDXID: string }[] };
  expect(new Set(packages.map(({ SPDXID }) => SPDXID)).size).toBe(packages.length);
  for (const { SPDXID } of packages) expect(SPDXID).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
});

describe('readInventory', () => {
  function layer(files: Record<string, string>): string {
    const root = temporaryDirectory();
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return root;
  }

  it('takes the database of the highest layer, and files of status.d of all of them', () => {
    const low = layer({
      'usr/lib/os-release': RELEASE,
      'var/lib/dpkg/status': STATUS,
      'var/lib/dpkg/status.d/base': 'Package: base-files\nVersion: 12\nArchitecture: amd64\n',
      'var/lib/dpkg/status.d/base.md5sums': 'Package: no\nVersion: 1\n',
    });
    const high = layer({
      'var/lib/dpkg/status': 'Package: only\nVersion: 1\nArchitecture: all\nStatus: install ok installed\n',
      'var/lib/dpkg/status.d/tzdata': 'Package: tzdata\nVersion: 2025\nArchitecture: all\n',
    });
    const { packages, distribution } = readInventory([low, high]);
    expect(packages.map(({ name }) => name)).toEqual(['base-files', 'only', 'tzdata']);
    expect(distribution?.versionId).toBe('12');
  });

  it('follows no link of the image', () => {
    const outside = layer({ status: 'Package: host\nVersion: 1\n', 'status.d/x': 'Package: host\nVersion: 1\n' });
    const root = layer({ 'var/lib/dpkg/x': '' });
    symlinkSync(join(outside, 'status'), join(root, 'var/lib/dpkg/status'));
    symlinkSync(join(outside, 'status.d'), join(root, 'var/lib/dpkg/status.d'));
    expect(readInventory([root]).packages).toEqual([]);
  });

  it('an image without a package manager has no packages', () => {
    expect(readInventory([layer({ 'bin/app': '' })])).toEqual({ packages: [] });
  });
});
