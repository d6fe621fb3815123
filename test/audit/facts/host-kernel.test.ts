// SPDX-License-Identifier: Apache-2.0
// How a kernel was built and started, from a tree of files as hosts have them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { before, isOff, isOn, parameters } from '../../../src/audit/checks/host/shared/kernel.ts';
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
    ['it is a text of something else', { [`boot/config-${RELEASE}`]: '# CONFIG_KCOV is not set\nKCOV=y\n' }],
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

  it('has words as the kernel reads them', () => {
    const words = ['"init_on_alloc=1"', 'spec-store-bypass-disable=off', 'quiet', '--', 'nokaslr'];
    expect([...parameters(words)]).toEqual([
      ['init_on_alloc', '1'],
      ['spec_store_bypass_disable', 'off'],
      ['quiet', ''],
    ]);
  });

  it.each([
    ['5.14', '5.2.1', false],
    ['5.2.1', '5.14', true],
    ['6.1.0-30-amd64', '6.1', false],
    ['4.19.0', '5.0', true],
    ['', '5.0', false],
    ['six', '5.0', false],
  ])('%s before %s: %s', (release, version, older) => {
    expect(before(release, version)).toBe(older);
  });

  it.each(['1', 'y', 'Yes', 'on', 'true'])('has %s for on', (value) => {
    expect([isOn(value), isOff(value)]).toEqual([true, false]);
  });
  it.each(['0', 'n', 'No', 'off', 'false'])('has %s for off', (value) => {
    expect([isOn(value), isOff(value)]).toEqual([false, true]);
  });
  it.each(['', 'auto', 'o', '2'])('has %j for neither', (value) => {
    expect([isOn(value), isOff(value)]).toEqual([false, false]);
  });

  it('does not say that a setting is absent when it cannot be read', async () => {
    const { sysctls } = await kernel({ 'proc/sys/net/core/bpf_jit_harden/x': '' });
    expect(sysctls).toMatchObject({ 'kernel.kptr_restrict': null });
    expect(Object.keys(sysctls ?? {})).not.toContain('net.core.bpf_jit_harden');
    const check = CHECKS.host.find(({ id }) => id === 'SEC-HOST-0053');
    expect(check?.check({ ...exampleFacts, kernel: { ...exampleFacts.kernel, sysctls } })).toEqual({
      status: 'unknown',
      why: '/proc/sys/net/core/bpf_jit_harden cannot be read: audit as root',
    });
  });

  it('fails by what can be read, and says what cannot', () => {
    const { 'fs.protected_fifos': _, ...rest } = exampleFacts.kernel.sysctls ?? {};
    const check = CHECKS.host.find(({ id }) => id === 'SEC-HOST-0006');
    const sysctls = { ...rest, 'fs.protected_regular': '0' };
    expect(check?.check({ ...exampleFacts, kernel: { ...exampleFacts.kernel, sysctls } })).toMatchObject({
      status: 'fail',
      problems: [{ key: 'fs.protected_regular' }],
      unseen: ['fs.protected_fifos'],
    });
  });

  it('that has none of the settings is not asked about them', () => {
    const values = { 'kernel.oops_limit': null, 'kernel.warn_limit': null };
    const check = CHECKS.host.find(({ id }) => id === 'SEC-HOST-0058');
    const sysctls = { ...exampleFacts.kernel.sysctls, ...values };
    expect(check?.check({ ...exampleFacts, kernel: { ...exampleFacts.kernel, sysctls } }).status).toBe(
      'not-applicable',
    );
  });

  it.each([
    // Nothing says that it was switched on, and what it does by itself is not known.
    ['init_on_alloc', [], '6.18.1', 'unknown'],
    ['init_on_alloc=1', ['init_on_alloc=1'], '6.18.1', 'pass'],
    // A kernel of 4.18 may have it from its distribution.
    ['init_on_alloc=1', ['init_on_alloc=1'], '4.18.0-553.el8', 'unknown'],
    ['init_on_alloc=0', ['init_on_alloc=0'], '6.18.1', 'fail'],
  ])('whose build is not known: %s', (_, commandLine, release, status) => {
    const check = CHECKS.host.find(({ id }) => id === 'SEC-HOST-0065');
    const facts = { ...exampleFacts, kernel: { ...exampleFacts.kernel, config: undefined, commandLine, release } };
    expect(check?.check(facts).status).toBe(status);
  });

  it('of which one of both is not known passes no check about it', () => {
    const about = CHECKS.host.filter(
      ({ id }) => (id >= 'SEC-HOST-0063' && id <= 'SEC-HOST-0069') || (id >= 'SEC-HOST-0089' && id <= 'SEC-HOST-0094'),
    );
    expect(about.length).toBeGreaterThan(12);
    const facts = { ...exampleFacts, kernel: { ...exampleFacts.kernel, commandLine: undefined, config: undefined } };
    expect(about.map((check) => check.check(facts).status)).toEqual(about.map(() => 'unknown'));
  });
});
