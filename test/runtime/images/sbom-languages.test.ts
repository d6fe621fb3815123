// SPDX-License-Identifier: Apache-2.0
// Packages of languages in a tree of files: real programs of Go, sections that real tools write, and files that are none.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { modulesOf } from '../../../src/runtime/images/sbom/binaries.ts';
import { cycloneDx } from '../../../src/runtime/images/sbom/cyclonedx.ts';
import { readInventory } from '../../../src/runtime/images/sbom/read.ts';
import { random as numbers } from '../../support/random.ts';
import { temporaryDirectory } from '../../support/store.ts';

const GO = '/usr/bin/skopeo';
let root: string;
const put = (path: string, data: string | Buffer, mode = 0o644): string => {
  const whole = join(root, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, data, { mode });
  return whole;
};
const names = () => readInventory([root]).packages.map(({ type, name, version }) => `${type} ${name} ${version}`);

beforeEach(() => {
  root = temporaryDirectory();
});

describe('packages of languages', () => {
  it('are those that npm and pip have put there', { timeout: 10_000 }, () => {
    put('app/node_modules/left-pad/package.json', '{"name": "left-pad", "version": "1.3.0", "license": "WTFPL"}');
    put('app/node_modules/@scope/a/node_modules/b/package.json', '{"name": "b", "version": "2.0.0"}');
    put('app/node_modules/@scope/a/package.json', '{"name": "@scope/a", "version": "1.0.0"}');
    put(
      'usr/lib/python3/site-packages/Flask_Login-0.6.3.dist-info/METADATA',
      'Metadata-Version: 2.1\r\nName: Flask_Login\r\nVersion: 0.6.3\r\n\r\nName: other\r\n',
    );
    put('opt/x.egg-info/PKG-INFO', 'Name: x.y\nVersion: 1.0\n');
    // None that is installed, or none at all.
    put('app/package.json', '{"name": "app", "version": "9.9.9"}');
    put('app/node_modules/left-pad/test/package.json', '{"name": "fixture", "version": "0.0.1"}');
    put('app/node_modules/broken/package.json', '{"name": ');
    put('app/node_modules/list/package.json', '[]');
    put('app/node_modules/number/package.json', '{"name": 7, "version": 8}');
    put('opt/slow.dist-info/METADATA', `Name: slow${' '.repeat(900_000)}x\nVersion: 1\n`);
    put('opt/y.dist-info/METADATA', '\n\nName: late\nVersion: 1');
    symlinkSync('/etc/passwd', join(root, 'app/node_modules/link.json'));
    expect(names()).toEqual([
      'npm @scope/a 1.0.0',
      'npm b 2.0.0',
      'npm left-pad 1.3.0',
      'pypi flask-login 0.6.3',
      expect.stringMatching(/^pypi slow\s+x 1$/),
      'pypi x-y 1.0',
    ]);
    const { components } = JSON.parse(
      cycloneDx(readInventory([root]), {
        name: 'n',
        digest: `sha256:${'a'.repeat(64)}`,
        created: '2026-01-01T00:00:00Z',
      }),
    ) as { components: { purl: string }[] };
    expect(components.map(({ purl }) => purl)).toContain('pkg:npm/%40scope/a@1.0.0');
    expect(components.map(({ purl }) => purl)).toContain('pkg:pypi/flask-login@0.6.3');
  });

  it('that belong to a package of the system are that package', () => {
    put('usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO', 'Name: six\nVersion: 1.16.0\n');
    put('usr/lib/python3/dist-packages/own-1.0.egg-info/PKG-INFO', 'Name: own\nVersion: 1.0\n');
    put(
      'var/lib/dpkg/info/python3-six.list',
      '/.\n/usr\n/usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO\n',
    );
    expect(names()).toEqual(['pypi own 1.0']);
    put('lib/apk/db/installed', 'P:py3-own\nV:1.0-r0\nF:usr/lib/python3/dist-packages/own-1.0.egg-info\nR:PKG-INFO\n');
    expect(names()).toEqual(['apk py3-own 1.0-r0']);
  });

  it('are those that Go has linked into a program', () => {
    // Debian builds without modules: what is left is the version of Go.
    mkdirSync(join(root, 'bin'));
    copyFileSync(GO, join(root, 'bin/tool'));
    chmodSync(join(root, 'bin/tool'), 0o755);
    expect(names()).toEqual([expect.stringMatching(/^golang stdlib 1\.\d+(?:\.\d+)?$/)]);
    // What nobody can execute is no program.
    chmodSync(join(root, 'bin/tool'), 0o644);
    expect(names()).toEqual([]);
    // A list of modules, as `go version -m` prints it, in the section of such a program.
    const list = [
      'path\texample.com/tool',
      'mod\texample.com/tool\t(devel)\t',
      'dep\tgithub.com/owner/lib/v2\tv2.1.0\th1:x=',
      'dep\tgolang.org/x/net\tv0.1.0\th1:x=',
      '=>\tgolang.org/x/net\tv0.2.0\th1:y=',
      'dep\texample.com/local\tv1.0.0',
      '=>\t./local\t\t',
      'build\t-compiler=gc',
    ];
    const text = (value: string) => {
      const length: number[] = [];
      let rest = value.length;
      for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
      return Buffer.concat([Buffer.from([...length, rest]), Buffer.from(value, 'latin1')]);
    };
    const head = Buffer.alloc(32);
    head.write('\xff Go buildinf:', 'latin1');
    head.writeUInt16LE(0x0208, 14);
    const edge = 'x'.repeat(16);
    const section = put('section', Buffer.concat([head, text('go1.22.3'), text(`${edge}${list.join('\n')}\n${edge}`)]));
    execFileSync('objcopy', ['--update-section', `.go.buildinfo=${section}`, GO, join(root, 'bin/tool')], {
      stdio: 'pipe',
    });
    chmodSync(join(root, 'bin/tool'), 0o755);
    expect(names()).toEqual([
      'golang github.com/owner/lib/v2 v2.1.0',
      'golang golang.org/x/net v0.2.0',
      'golang stdlib 1.22.3',
    ]);
  });

  it('are those that cargo-auditable has written into a program', () => {
    const json = JSON.stringify({
      packages: [
        { name: 'serde', version: '1.0.1', source: 'crates.io', dependencies: [] },
        { name: 'cc', version: '1.0.2', kind: 'build' },
        { name: 7 },
        null,
      ],
    });
    const section = put('section', deflateSync(json));
    const program = join(root, 'program');
    execFileSync('objcopy', ['--add-section', `.dep-v0=${section}`, '/bin/true', program]);
    expect(names()).toEqual(['cargo serde 1.0.1']);
    const bomb = put('section', deflateSync(Buffer.alloc(64 << 20)));
    execFileSync('objcopy', ['--add-section', `.dep-v0=${bomb}`, '/bin/true', program]);
    expect(names()).toEqual([]);
  });

  it('of a program whose numbers lie are none, or some, and nothing else happens', { timeout: 60_000 }, () => {
    const random = numbers();
    const head = readFileSync(GO);
    const path = put('program', head, 0o755);
    const modules = () => {
      const fd = openSync(path, 'r');
      try {
        return modulesOf(fd);
      } finally {
        closeSync(fd);
      }
    };
    expect(modules()).toHaveLength(1);
    const table = Number(head.readBigUInt64LE(0x28));
    for (let i = 0; i < 60; i += 1) {
      const changed = Buffer.from(head);
      for (let k = 0; k < 1 + random.int(4); k += 1) {
        const at = random.int(2) === 0 ? random.int(64) : table + random.int(2000);
        if (at < changed.length) changed[at] = random.int(256);
      }
      writeFileSync(path, changed);
      expect(modules().length, `seed ${random.seed}`).toBeLessThanOrEqual(10_001);
    }
    writeFileSync(path, head);
    for (const size of [0, 3, 63, 64, 4096, table - 1, table + 100]) {
      writeFileSync(path, head);
      truncateSync(path, size);
      expect(modules()).toEqual([]);
    }
  });
});
