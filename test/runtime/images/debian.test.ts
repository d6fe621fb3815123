// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostSources } from '../../../src/runtime/images/debian/host-sources.ts';
import { checkPackages, checkSuite } from '../../../src/runtime/images/debian/packages.ts';
import { formatSources, parseList, parseSources, retarget } from '../../../src/runtime/images/debian/sources.ts';
import { codeOf, temporaryDirectory } from '../../support/store.ts';

const DEBIAN = `# comment
Types: deb deb-src
URIs: http://deb.example/debian
# inside
Suites: bookworm bookworm-updates
 bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
Trusted: yes

Types: deb
URIs: https://packages.example/tool
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/tool.gpg
`;

describe('package names', () => {
  it.each(['nginx', 'g++', 'libc6:amd64', 'a.b+c-1', 'busybox-static=1:1.35.0-4+deb12u1+b1', '0ad'])('%s', (name) => {
    expect(() => checkPackages([name])).not.toThrow();
  });

  it.each([
    '',
    '-o',
    '--include=x',
    'nginx-',
    '?all',
    '~n.',
    'a,b',
    'a b',
    'A',
    '../x',
    './x.deb',
    'a\n',
    'a=',
    'a=$(id)',
    'x'.repeat(300),
  ])('not %j', async (name) => expect(await codeOf(() => checkPackages([name]))).toBe('INVALID_VALUE'));

  it.each(['../x', '-x', 'Bookworm', 'a/b', ''])('no suite: %j', async (name) => {
    expect(await codeOf(() => checkSuite(name))).toBe('INVALID_VALUE');
  });
});

describe('apt sources', () => {
  it('keeps only what is Debian, and no option that weakens a signature check', () => {
    const sources = parseSources(DEBIAN);
    expect(sources).toHaveLength(1);
    expect(sources[0]?.suites).toEqual(['bookworm', 'bookworm-updates', 'bookworm-backports']);
    expect(formatSources(sources)).not.toContain('Trusted');
  });

  it('reads the one-line form', () => {
    const text = [
      'deb [arch=amd64 trusted=yes signed-by=/usr/share/keyrings/debian-archive-bookworm-stable.gpg] http://deb.example/debian/ bookworm main contrib # c',
      'deb http://security.example/debian-security bookworm-security main',
      'deb-src http://deb.example/debian bookworm main',
      'deb https://packages.example/apt stable main',
      'deb [signed-by=/usr/share/keyrings/other.gpg] http://mirror.example/debian bookworm main',
      'deb http://deb.example/debian ./',
    ].join('\n');
    const sources = parseList(text);
    expect(sources.map(({ uris }) => uris[0])).toEqual([
      'http://deb.example/debian/',
      'http://security.example/debian-security',
    ]);
    expect(sources[1]?.signedBy).toBe('/usr/share/keyrings/debian-archive-keyring.gpg');
  });

  it('leaves out what is disabled, a key in the stanza, and a URI that is none', () => {
    expect(parseSources(DEBIAN.replace('Trusted: yes', 'Enabled: no'))).toEqual([]);
    expect(parseSources(DEBIAN.replace('/usr/share/keyrings/debian-archive-keyring.gpg', '\n -----BEGIN PGP'))).toEqual(
      [],
    );
    expect(parseSources(DEBIAN.replace('http://deb.example', 'copy:'))).toEqual([]);
    expect(parseSources('\n\nnonsense\n: x\n')).toEqual([]);
  });

  it('writes what it reads', () => {
    const sources = parseSources(DEBIAN);
    expect(parseSources(formatSources(sources))).toEqual(sources);
  });

  it('moves to another release', () => {
    expect(retarget(parseSources(DEBIAN), 'bookworm', 'trixie')[0]?.suites).toEqual([
      'trixie',
      'trixie-updates',
      'trixie-backports',
    ]);
  });

  it('reads the configuration of a host, and says when it has none', async () => {
    const etc = temporaryDirectory();
    expect(await codeOf(hostSources(undefined, etc))).toBe('HOST_FEATURE_MISSING');
    mkdirSync(join(etc, 'sources.list.d'));
    writeFileSync(join(etc, 'sources.list.d', 'debian.sources'), DEBIAN);
    writeFileSync(join(etc, 'sources.list.d', 'old.list.disabled'), 'deb http://deb.example/debian sid main');
    expect((await hostSources('trixie', etc)).sources).toHaveLength(1);
  });
});
