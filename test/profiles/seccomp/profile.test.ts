// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  FEATURE_GROUPS,
  isFeatureGroup,
  isSyscall,
  lintSeccomp,
  type OciSeccomp,
  type SeccompLevel,
  type SeccompOptions,
  seccompProfile,
} from '../../../src/profiles/seccomp/index.ts';

const LEVELS = ['baseline', 'default', 'strict'] as const;
const make = (level: SeccompLevel, options: Partial<SeccompOptions> = {}) =>
  seccompProfile(level, { capabilities: [], architecture: 'x86_64', ...options });
const allowing = (profile: OciSeccomp, name: string) =>
  profile.syscalls.filter((rule) => rule.action === 'SCMP_ACT_ALLOW' && rule.names.includes(name));
const whole = (profile: OciSeccomp, name: string) => allowing(profile, name).some((rule) => rule.args === undefined);

/** The native oracle test compiles these; regenerate with UPDATE_FIXTURES=1. */
const CAPABILITIES: Record<SeccompLevel, readonly string[]> = {
  baseline: [
    'CHOWN',
    'DAC_OVERRIDE',
    'FOWNER',
    'FSETID',
    'KILL',
    'SETGID',
    'SETUID',
    'SETPCAP',
    'NET_BIND_SERVICE',
    'SYS_CHROOT',
    'SETFCAP',
    'AUDIT_WRITE',
  ],
  default: ['CHOWN', 'SETUID', 'SETGID', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'NET_BIND_SERVICE'],
  strict: [],
};

describe('seccompProfile', () => {
  it.each(LEVELS)('%s is the profile that the native tests load', (level) => {
    const path = join(import.meta.dirname, 'fixtures', `${level}.json`);
    const text = JSON.stringify(make(level, { capabilities: CAPABILITIES[level] }), null, 1);
    if (process.env['UPDATE_FIXTURES'] === '1') writeFileSync(path, text);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it.each(LEVELS)('%s names only calls that exist, and no call in two ways', (level) => {
    const profile = make(level, { allow: FEATURE_GROUPS, capabilities: ['SYS_ADMIN', 'SYS_PTRACE', 'NET_ADMIN'] });
    expect(profile.syscalls.flatMap((rule) => rule.names).filter((name) => !isSyscall(name))).toEqual([]);
    expect(lintSeccomp(profile).filter(({ id }) => id === 'shadowed-rule')).toEqual([]);
  });

  it('gets narrower from level to level', () => {
    const [baseline, standard, strict] = LEVELS.map(
      (level) =>
        new Set(
          make(level)
            .syscalls.filter((r) => r.action === 'SCMP_ACT_ALLOW')
            .flatMap((r) => r.names),
        ),
    );
    expect([...(standard ?? [])].filter((name) => !baseline?.has(name))).toEqual([]);
    expect([...(strict ?? [])].filter((name) => !standard?.has(name))).toEqual([]);
  });

  it.each(LEVELS)('%s never opens what Docker never opens', (level) => {
    const profile = make(level, { capabilities: CAPABILITIES.baseline });
    for (const name of [
      'userfaultfd',
      'keyctl',
      'add_key',
      'io_uring_setup',
      'pivot_root',
      'swapon',
      'kexec_load',
      'bpf',
    ])
      expect(allowing(profile, name), name).toEqual([]);
  });

  it.each(LEVELS)('%s makes no namespaces, and clone3 does not exist', (level) => {
    const profile = make(level);
    expect(whole(profile, 'clone')).toBe(false);
    expect(profile.syscalls).toContainEqual({ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 });
    expect(whole(make(level, { allow: ['nested'] }), 'clone3')).toBe(true);
    expect(whole(make(level, { capabilities: ['CAP_SYS_ADMIN'] }), 'clone')).toBe(true);
  });

  it('opens by capability, with and without the prefix', () => {
    for (const name of ['SYS_CHROOT', 'CAP_SYS_CHROOT', 'cap_sys_chroot'])
      expect(whole(make('default', { capabilities: [name] }), 'chroot')).toBe(true);
    expect(whole(make('default'), 'chroot')).toBe(false);
    expect(make('default', { capabilities: ['constructor', '__proto__'] })).toEqual(make('default'));
  });

  it('opens feature groups by name', () => {
    expect(whole(make('default'), 'ptrace')).toBe(false);
    expect(whole(make('default', { allow: ['debug'] }), 'ptrace')).toBe(true);
    expect(whole(make('strict'), 'mprotect')).toBe(false);
    expect(whole(make('strict', { allow: ['jit'] }), 'mprotect')).toBe(true);
    expect(make('strict').architectures).toEqual(['SCMP_ARCH_X86_64']);
    expect(make('strict', { allow: ['compat'] }).architectures).toEqual(['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86']);
    expect(make('strict', { architecture: 'aarch64' }).architectures).toEqual(['SCMP_ARCH_AARCH64']);
    expect(isFeatureGroup('debug')).toBe(true);
    expect(isFeatureGroup('toString')).toBe(false);
  });
});
