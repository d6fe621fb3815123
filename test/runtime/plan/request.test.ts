// SPDX-License-Identifier: Apache-2.0
// Command, environment, image, host and --security-opt.
import { expect, test } from 'vitest';
import { outcome, plan } from './facts.ts';

const args = (config: object, request: object) => plan('default', { config, request }).process.args;

test('entry point and command combine as in docker', () => {
  const config = { entrypoint: ['/e'], cmd: ['c'] };
  expect(args(config, {})).toEqual(['/e', 'c']);
  expect(args(config, { args: ['a', '--rm'] })).toEqual(['/e', 'a', '--rm']);
  expect(args(config, { entrypoint: ['/x'] })).toEqual(['/x']);
  expect(args(config, { entrypoint: [], args: ['a'] })).toEqual(['a']);
});

test.each([
  [{ cmd: [] }, {}],
  [{ cmd: [''] }, {}],
  [{ entrypoint: ['/e'] }, { entrypoint: [] }],
])('no command: %j %j', (config, request) => {
  expect(outcome('default', { config, request })).toBe('NO_COMMAND');
});

test.each(['/proc/self/fd/7', '/proc', '/proc/', '//proc/1', '/x/../proc/self/fd/8', '/./proc', 'relative', '/a\0b'])(
  'the working directory %j is refused (CVE-2024-21626)',
  (workdir) => {
    expect(outcome('default', { request: { workdir } })).toBe('INVALID_VALUE');
    expect(['CONFIG_CORRUPT', 'INVALID_VALUE']).toContain(outcome('default', { config: { workingDir: workdir } }));
  },
);

test('the working directory is normal', () => {
  expect(plan('default', { config: { workingDir: '/a//b/../c/' } }).process.cwd).toBe('/a/c');
  expect(plan('default', { config: { workingDir: '/process' } }).process.cwd).toBe('/process');
});

test('environment: defaults, image, request; each name once', () => {
  const config = { env: ['A=image', 'B=b', 'A=again'] };
  const { env } = plan('default', { config, request: { env: ['B=', 'C=c=d'], hostname: 'h', tty: true } }).process;
  expect(env.filter((entry) => !entry.startsWith('PATH='))).toEqual([
    'HOSTNAME=h',
    'TERM=xterm',
    'HOME=/root',
    'A=again',
    'B=',
    'C=c=d',
  ]);
  expect(env[0]).toMatch(/^PATH=\/usr\/local\/sbin/);
});

test('malformed variables are refused', () => {
  for (const entry of ['A', '=b', '', 'A=b\0c']) {
    expect(outcome('default', { request: { env: [entry] } })).toBe('INVALID_VALUE');
    expect(outcome('default', { config: { env: [entry] } })).not.toBe('planned');
  }
});

test('what is imported needs approval under strict, what is pulled a signature', () => {
  const imported = { image: { origin: 'imported' } } as const;
  expect(outcome('strict', imported)).toBe('IMAGE_UNTRUSTED');
  expect(outcome('strict', { ...imported, request: { trust: true } })).toBe('planned');
  expect(outcome('strict', { image: { origin: 'pulled' }, request: { trust: true } })).toBe('IMAGE_UNTRUSTED');
  expect(outcome('default', imported)).toBe('planned');
  expect(outcome('default', { image: { origin: 'pulled' } })).toBe('planned');
});

test('an image for another machine is refused before anything else is', () => {
  expect(outcome('default', { image: { architecture: 'arm64' } })).toBe('PLATFORM_MISSING');
  expect(outcome('default', { image: { architecture: 'arm64' }, host: { architecture: 'aarch64' } })).toBe('planned');
  expect(outcome('default', { image: { os: 'windows' } })).toBe('PLATFORM_MISSING');
});

test.each([
  ['no-new-privileges', 'default', 'planned'],
  ['no-new-privileges=true', 'strict', 'planned'],
  ['no-new-privileges:false', 'default', 'POLICY_DENIED'],
  ['no-new-privileges=false', 'strict', 'POLICY_DENIED'],
  ['no-new-privileges=0', 'default', 'INVALID_VALUE'],
  ['seccomp=unconfined', 'baseline', 'POLICY_DENIED'],
  ['seccomp=baseline', 'default', 'POLICY_DENIED'],
  ['seccomp=strict', 'baseline', 'planned'],
  ['seccomp=/tmp/x.json', 'default', 'INVALID_VALUE'],
  ['seccomp', 'default', 'INVALID_VALUE'],
  ['apparmor=unconfined', 'baseline', 'POLICY_DENIED'],
  ['apparmor=docker-default', 'default', 'CONTROL_UNAVAILABLE'],
  ['label=disable', 'default', 'POLICY_DENIED'],
  ['systempaths=unconfined', 'default', 'POLICY_DENIED'],
  ['unmask=ALL', 'default', 'POLICY_DENIED'],
  ['', 'default', 'INVALID_VALUE'],
  ['no-new-privs', 'default', 'INVALID_VALUE'],
] as const)('--security-opt %s under %s: %s', (option, profile, code) => {
  expect(outcome(profile, { request: { securityOpt: [option] } })).toBe(code);
});

test.each([
  ['user namespaces', { userNamespaces: false }],
  ['seccomp', { seccomp: false }],
] as const)('no profile runs without %s', (_, host) => {
  for (const profile of ['baseline', 'default', 'strict'] as const)
    expect(outcome(profile, { host })).toBe('CONTROL_UNAVAILABLE');
});

test('names, signals and times are checked', () => {
  for (const request of [
    { name: '../x' },
    { name: '' },
    { hostname: 'a b' },
    { hostname: 'a'.repeat(65) },
    { stopSignal: 'TERM; rm' },
    { stopTimeout: -1 },
  ]) {
    expect(outcome('default', { request })).toBe('INVALID_VALUE');
  }
});
