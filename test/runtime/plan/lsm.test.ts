// SPDX-License-Identifier: Apache-2.0
// AppArmor and SELinux: what is planned by what the host enforces. That it holds is tested where a kernel has them: test/lab.
import { describe, expect, test } from 'vitest';
import { outcome, plan, reason } from './facts.ts';

type Profile = 'baseline' | 'default' | 'strict';

test('where AppArmor is enforced, its compiler or a loaded profile is needed, under default and strict', () => {
  const host = { appArmorEnforcing: true };
  for (const profile of ['default', 'strict'] as const) expect(outcome(profile, { host })).toBe('CONTROL_UNAVAILABLE');
  const made = plan('default', { host, request: { securityOpt: ['apparmor=docker-default'] } });
  expect(made.process.apparmorProfile).toBe('docker-default');
  expect(made.secure.apparmor).toBeUndefined();
  for (const name of ['../x', 'a b', 'a\nb', '']) {
    expect(outcome('default', { host, request: { securityOpt: [`apparmor=${name}`] } })).toBe('INVALID_VALUE');
  }
  expect(reason(plan('baseline', { host }), 'lsm').status).toBe('unavailable');
});

describe('an AppArmor profile is made for the plan', () => {
  const host = { appArmorEnforcing: true, appArmorParser: '/sbin/apparmor_parser' };
  const source = (profile: Profile, overrides = {}): string => {
    const made = plan(profile, { host, ...overrides });
    const text = made.secure.apparmor ?? '';
    expect(text.split(' ')[1]).toBe(made.process.apparmorProfile);
    expect(reason(made, 'lsm').status).toBe('enforced');
    return text;
  };

  test('with the capabilities of the plan and no others', () => {
    for (const profile of ['baseline', 'default', 'strict'] as const) {
      const { bounding } = plan(profile, { host }).process.capabilities;
      const granted = [...source(profile).matchAll(/^ {2}capability (\w+),$/gm)].map(
        ([, name]) => `CAP_${name?.toUpperCase()}`,
      );
      expect(granted).toEqual(bounding);
    }
  });
  test('writes where something writable is mounted, and nowhere else', () => {
    const text = source('strict', { request: { tmpfs: [{ destination: '/var/a "b"*{c}', options: [] }] } });
    expect(text).toContain('"/var/a \\"b\\"\\*\\{c\\}/**" rwkl,');
    const written = [...text.matchAll(/^ {2}(?!deny)(\S*\/\S*.*) [rkmixl]*w[a-z]*,$/gm)].map(([, path]) => path);
    expect(written).not.toContain('/**');
    expect(written).not.toContain('/');
    expect(written).toContain('"/tmp/**"');
  });
  test('equal plans share one, and another mount is another', () => {
    const name = (request = {}) => plan('default', { host, request }).process.apparmorProfile;
    expect(name()).toBe(name({ name: 'other', env: ['A=b'] }));
    expect(name()).not.toBe(name({ tmpfs: [{ destination: '/data', options: [] }] }));
    expect(name()).toMatch(/^secure-[0-9a-f]{16}$/);
  });
  test('no mounts, no other profile, no user namespace', () => {
    for (const profile of ['baseline', 'default', 'strict'] as const)
      expect(source(profile)).not.toMatch(/^ {2}(mount|umount|pivot_root|change_profile|userns|change_hat|file,)/m);
  });
  test('message queues where the kernel asks for a rule', () => {
    expect(source('default')).not.toContain('mqueue type');
    expect(source('default', { host: { ...host, appArmorMqueue: true } })).toContain('  mqueue type=posix,');
  });
});

describe('SELinux', () => {
  const host = { seLinuxEnforcing: true, seLinuxDomain: 'container_t' };
  test.each([
    ['container_t', 'container_file_t'],
    ['secure.container.process', 'secure.container.file'],
  ])('a container of %s gets categories of its own when it starts', (seLinuxDomain, fileType) => {
    const made = plan('strict', { host: { ...host, seLinuxDomain } });
    expect(made.process.selinuxLabel).toBe('');
    expect(made.secure.slots.filter(({ type }) => type === 'mcs')).toEqual([
      { at: '/process/selinuxLabel', type: 'mcs', prefix: `system_u:system_r:${seLinuxDomain}:s0:` },
      { at: '/linux/mountLabel', type: 'mcs', prefix: `system_u:object_r:${fileType}:s0:` },
    ]);
    expect(reason(made, 'lsm').status).toBe('enforced');
  });
  test('without a domain for containers it is refused, under default and strict', () => {
    for (const profile of ['default', 'strict'] as const)
      expect(outcome(profile, { host: { seLinuxEnforcing: true } })).toBe('CONTROL_UNAVAILABLE');
  });
});
