// SPDX-License-Identifier: Apache-2.0
// How a kernel was built and started, from a tree of files as hosts have them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parameters } from '../../../src/audit/checks/host/shared/kernel.ts';
import { CHECKS } from '../../../src/audit/checks/index.ts';
import { exampleFacts } from '../../../src/audit/facts/host/example.ts';
import { collectHost } from '../../../src/audit/facts/host.ts';
import { temporaryDirectory } from '../../support/store.ts';

const RELEASE = '6.1.0-30-amd64';
const CONFIG = '# CONFIG_DEVKMEM is not set\nCONFIG_SECCOMP=y\nCONFIG_LSM="landlock,yama"\nCONFIG_TUN=m\n';

async function kernel(files: Readonly<Record<string, string | Buffer>>) {
  const root = temporaryDirectory();
  for (const [path, data] of Object.entries({ 'proc/sys/kernel/osrelease': `${RELEASE}\n`, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), data);
  }
  return (await collectHost(root)).kernel;
}

describe('a kernel', () => {
  it.each([
    ['of /boot', `boot/config-${RELEASE}`, CONFIG],
    ['of its modules', `usr/lib/modules/${RELEASE}/config`, CONFIG],
    ['of its own', 'proc/config.gz', gzipSync(CONFIG)],
  ])('has the configuration %s', async (_, path, data) => {
    expect((await kernel({ [path]: data })).config).toEqual({ SECCOMP: 'y', LSM: 'landlock,yama', TUN: 'm' });
  });

  it.each([
    ['there is none', {}],
    ['it is of another release', { 'boot/config-6.1.0-31-amd64': CONFIG }],
    ['it is no archive', { 'proc/config.gz': 'CONFIG_SECCOMP=y' }],
    ['it is a bomb', { 'proc/config.gz': gzipSync(Buffer.alloc(64 << 20)) }],
    ['its release leads elsewhere', { 'proc/sys/kernel/osrelease': '../../etc/x\n', 'etc/x': CONFIG }],
  ])('has none that is known where %s', async (_, files) => {
    expect((await kernel(files)).config).toBeUndefined();
  });

  it('has a command line whose last word counts', async () => {
    const { commandLine } = await kernel({
      'proc/cmdline': 'BOOT_IMAGE=/vmlinuz root=/dev/sda1 quiet  mitigations=auto mitigations=off\n',
    });
    expect(commandLine).toEqual([
      'BOOT_IMAGE=/vmlinuz',
      'root=/dev/sda1',
      'quiet',
      'mitigations=auto',
      'mitigations=off',
    ]);
    expect([...parameters(commandLine ?? [])]).toEqual([
      ['BOOT_IMAGE', '/vmlinuz'],
      ['root', '/dev/sda1'],
      ['quiet', ''],
      ['mitigations', 'off'],
    ]);
    expect((await kernel({})).commandLine).toBeUndefined();
  });

  it('of which one of both is not known passes no check about it', () => {
    const about = CHECKS.host.filter(({ id }) => id >= 'SEC-HOST-0063' && id <= 'SEC-HOST-0069');
    expect(about.length).toBeGreaterThan(6);
    const facts = { ...exampleFacts, kernel: { ...exampleFacts.kernel, commandLine: undefined, config: undefined } };
    expect(about.map((check) => check.check(facts).status)).toEqual(about.map(() => 'unknown'));
  });
});
