// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keptReferrers } from '../../src/runtime/images/artifacts/kept.ts';
import { buildDebian } from '../../src/runtime/images/debian/build.ts';
import { imageSbom } from '../../src/runtime/images/sbom/image.ts';
import { codeOf, noExtractor, openStore } from '../support/store.ts';

function missing(): boolean {
  if (process.env.SECURE_MUST_WORK === '1') return false;
  return noExtractor() || !existsSync('/usr/bin/mmdebstrap');
}

const MINUTES = 60_000;

describe.skipIf(missing())('buildDebian', () => {
  it(
    'makes a small image of one static program, the same one every time',
    async () => {
      const store = await openStore();
      const options = { packages: ['busybox-static'], name: 'busybox' };
      const record = await buildDebian(store, options);
      expect(record).toMatchObject({ reference: 'localhost/busybox:latest', origin: 'built' });
      expect(record.size).toBeLessThan(4_000_000);
      const facts = await store.imageFacts('busybox');
      expect(facts.config.cmd).toEqual(['/bin/busybox', 'sh']);
      expect(facts.passwd).toContain('nonroot:x:65532:65532');
      expect(facts.group).toContain('nogroup:x:65534');
      const root = facts.layers[0]?.path ?? '';
      expect(
        execFileSync('chroot', [root, '/bin/sh', '-c', 'cat /etc/passwd | wc -l'], { encoding: 'utf8' }).trim(),
      ).toBe('3');
      for (const path of [
        'etc/hostname',
        'etc/resolv.conf',
        'etc/apt',
        'var/cache/apt',
        'var/lib/apt',
        'usr/share/doc/busybox-static/changelog.Debian.gz',
      ]) {
        expect(existsSync(join(root, path)), path).toBe(false);
      }
      expect(readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8')).toMatch(
        /^Package: busybox-static\nStatus: install ok installed$/m,
      );
      expect(existsSync(join(root, 'usr/share/doc/busybox-static/copyright'))).toBe(true);
      expect(readlinkSync(join(root, 'bin'))).toBe('usr/bin');
      expect(lstatSync(join(root, 'home/nonroot')).uid).toBe(65532);
      expect((lstatSync(join(root, 'tmp')).mode & 0o7777).toString(8)).toBe('1777');
      const { components } = JSON.parse((await imageSbom(store, 'busybox', 'cyclonedx')).text) as {
        components: { type: string; name: string; version: string; purl?: string }[];
      };
      const [, version = 'none'] =
        /^Version: (.+)$/m.exec(readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8')) ?? [];
      // The release is one of its components: what a package is vulnerable to depends on it.
      expect(components.map(({ type, name }) => `${type} ${name}`)).toEqual([
        'operating-system debian',
        'library busybox-static',
      ]);
      expect(components[1]?.version).toBe(version);
      const sboms = keptReferrers(store.paths, record.digest);
      expect((await buildDebian(store, options)).digest).toBe(record.digest);
      expect(keptReferrers(store.paths, record.digest)).toEqual(sboms);
      expect(sboms).toHaveLength(2);
    },
    3 * MINUTES,
  );

  it(
    'installs a package that needs others, with its users and scripts',
    async () => {
      const store = await openStore();
      await buildDebian(store, {
        packages: ['nginx-light'],
        name: 'nginx:test',
        settings: { cmd: ['nginx', '-g', 'daemon off;'], exposedPorts: ['80/tcp'] },
      });
      const facts = await store.imageFacts('nginx:test');
      expect(facts.passwd).toMatch(/^www-data:.:33:33/m);
      expect(facts.config).toMatchObject({ cmd: ['nginx', '-g', 'daemon off;'], exposedPorts: ['80/tcp'] });
      const root = facts.layers[0]?.path ?? '';
      expect(readlinkSync(join(root, 'etc/nginx/sites-enabled/default'))).toBe('/etc/nginx/sites-available/default');
      expect(existsSync(join(root, 'usr/sbin/nginx'))).toBe(true);
      for (const path of ['etc/hostname', 'etc/dpkg/dpkg.cfg.d/99mmdebstrap', 'etc/apt/apt.conf.d/99mmdebstrap']) {
        expect(existsSync(join(root, path)), path).toBe(false);
      }
    },
    5 * MINUTES,
  );

  it(
    'says which package no archive has, and leaves nothing behind',
    async () => {
      const store = await openStore();
      expect(await codeOf(buildDebian(store, { packages: ['no-such-package-at-all'], name: 'x' }))).toBe(
        'BUILD_FAILED',
      );
      expect(await store.list()).toEqual([]);
      expect(execFileSync('ls', ['-A', store.paths.tmp, store.paths.layers], { encoding: 'utf8' })).not.toMatch(
        /[0-9a-f]{16}/,
      );
    },
    MINUTES,
  );
});
