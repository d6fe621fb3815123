// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { loadPolicy } from '../../../src/policies/index.ts';
import { filesIo, policy } from '../../policies/files.ts';
import { outcome, type Profile, plan, reason } from './facts.ts';

const rules = (profile: Profile, changes = {}) => plan(profile, changes).secure.landlock;
/** Everything that may be done beneath a path, by the union of the rules on it and its parents. */
function allowed(profile: Profile, path: string, changes = {}): string[] {
  const covering = (rules(profile, changes)?.pathBeneath ?? []).filter(({ parent }) =>
    parent.some((root) => root === '/' || path === root || path.startsWith(`${root}/`)),
  );
  return [...new Set(covering.flatMap(({ allowedAccess }) => allowedAccess))];
}

test.each([
  [1, 'default', null],
  [2, 'strict', ['refer', undefined, undefined]],
  [3, 'strict', ['truncate', undefined, undefined]],
  [4, 'strict', ['truncate', 'bind_tcp', undefined]],
  [5, 'strict', ['ioctl_dev', 'bind_tcp', undefined]],
  [6, 'strict', ['ioctl_dev', 'bind_tcp', 'signal']],
  [7, 'strict', ['ioctl_dev', 'bind_tcp', 'signal']],
] as const)('ABI %i, %s: exactly what it knows', (landlockAbi, profile, last) => {
  const made = rules(profile, { host: { landlockAbi } });
  if (last === null) return expect(made).toBeNull();
  expect([made?.handledAccessFs.at(-1), made?.handledAccessNet[0], made?.scoped[1]]).toEqual(last);
  expect(made?.minAbi).toBeLessThanOrEqual(landlockAbi);
});

test('strict without Landlock is refused, best effort or not; default says what compensates', () => {
  for (const enforcement of ['required', 'best-effort'] as const) {
    expect(outcome('strict', { request: { enforcement }, host: { landlockAbi: 1 } })).toBe('CONTROL_UNAVAILABLE');
  }
  const made = plan('default', { host: { landlockAbi: 0 } });
  for (const control of ['landlock-files', 'landlock-ioctl', 'landlock-scopes']) {
    expect(reason(made, control)).toMatchObject({
      status: 'unavailable',
      required: false,
      compensatedBy: expect.any(String),
    });
  }
});

test('writes go to declared places and nowhere beneath /proc', () => {
  for (const path of [
    '/proc/self/comm',
    '/proc/sys/kernel/core_pattern',
    '/etc/passwd',
    '/usr/bin/x',
    '/dev/sda',
    '/var/x',
  ]) {
    expect(allowed('default', path).sort()).toEqual(['execute', 'read_dir', 'read_file']);
  }
  for (const path of ['/tmp/x', '/run/x', '/dev/shm/x', '/dev/mqueue/x'])
    expect(allowed('default', path)).toContain('make_reg');
});

test('a rule grants only what is handled, and something', () => {
  for (const landlockAbi of [2, 3, 4, 5, 6, 7]) {
    const made = rules('strict', { host: { landlockAbi } });
    for (const { allowedAccess } of made?.pathBeneath ?? []) {
      expect(allowedAccess.length).toBeGreaterThan(0);
      for (const right of allowedAccess) expect(made?.handledAccessFs).toContain(right);
    }
  }
});

test('mounts decide: read-write binds are writable, read-only ones are not', () => {
  const volumes = [
    { source: '/srv/a', destination: '/a', options: ['rw'] },
    { source: '/srv/b', destination: '/b', options: [] },
  ];
  expect(allowed('default', '/a/x', { request: { volumes } })).toContain('write_file');
  expect(allowed('default', '/b/x', { request: { volumes } })).not.toContain('write_file');
  expect(allowed('default', '/t/x', { request: { tmpfs: [{ destination: '/t', options: ['ro'] }] } })).not.toContain(
    'write_file',
  );
});

test('terminals stay terminals: ioctl on them and on nothing else', () => {
  for (const path of ['/dev/tty', '/dev/ptmx', '/dev/pts/0', '/dev/null'])
    expect(allowed('strict', path)).toContain('ioctl_dev');
  expect(allowed('strict', '/tmp/x')).not.toContain('ioctl_dev');
  expect(allowed('strict', '/dev/console')).not.toContain('ioctl_dev');
  expect(allowed('strict', '/dev/console', { request: { tty: true } })).toContain('ioctl_dev');
});

test('device nodes are made only where CAP_MKNOD was granted', async () => {
  const grant = 'extends: default\nrun: {capabilities: [MKNOD]}';
  const granted = await loadPolicy('./a.yaml', filesIo({ 'a.yaml': policy(grant) }));
  expect(allowed('default', '/tmp/x')).not.toContain('make_char');
  expect(allowed('default', '/tmp/x', { policy: granted })).toContain('make_char');
});

test('strict: listening on what the image exposes, connecting to nothing', () => {
  const config = { exposedPorts: ['6379/tcp', '53/udp', '0/tcp', '99999', 'x', '6379'] };
  const made = rules('strict', { config });
  expect(made?.handledAccessNet).toEqual(['bind_tcp', 'connect_tcp']);
  expect(made?.netPort).toEqual([{ port: [6379], allowedAccess: ['bind_tcp'] }]);
});

test('a policy may declare where to connect', async () => {
  const body = 'extends: default\nrun: {ports: [8080], egress: [443]}';
  const own = await loadPolicy('./a.yaml', filesIo({ 'a.yaml': policy(body) }));
  expect(rules('default', { policy: own })?.netPort).toEqual([
    { port: [8080], allowedAccess: ['bind_tcp'] },
    { port: [443], allowedAccess: ['connect_tcp'] },
  ]);
});

test('a writable root under Landlock is writable', async () => {
  const own = await loadPolicy('./a.yaml', filesIo({ 'a.yaml': policy('extends: default\nrun: {readOnly: false}') }));
  expect(allowed('default', '/var/x', { policy: own })).toContain('make_reg');
});
