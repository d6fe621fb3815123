// SPDX-License-Identifier: Apache-2.0
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import schema from '../../../schemas/plan.schema.json' with { type: 'json' };
import { PROFILES } from '../../../src/policies/index.ts';
import { explainReasons } from '../../../src/runtime/plan/plan.ts';
import { type Changes, outcome, plan } from './facts.ts';

const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true, strict: false }).compile(schema);

const BUSY: Changes = {
  request: {
    name: 'web',
    tty: true,
    interactive: true,
    hostname: 'web-1',
    publishAll: true,
    addHosts: [{ name: 'db', address: '192.0.2.7' }],
    env: ['A=1'],
    tmpfs: [{ destination: '/cache', options: ['size=1m'] }],
    limits: {
      memory: 2 ** 27,
      memorySwap: 2 ** 28,
      cpus: 0.5,
      cpuset: '0-1',
      pids: 50,
      ulimits: [{ name: 'stack', soft: 1024, hard: 2048 }],
    },
  },
  config: { volumes: ['/data'], exposedPorts: ['6379/tcp', '53/udp'], workingDir: '/srv/' },
};

test.each(PROFILES)('%s: a plan is what the schema says', (profile) => {
  for (const changes of [{}, BUSY]) {
    const made = JSON.parse(JSON.stringify(plan(profile, changes))) as unknown;
    expect(validate(made), JSON.stringify(validate.errors)).toBe(true);
  }
});

test.each(PROFILES)('%s: the whole plan', (profile) => {
  const { seccomp, ...linux } = plan(profile).linux;
  expect(seccomp?.syscalls.length).toBeGreaterThan(0);
  const { secure, ...made } = plan(profile);
  const { reasons: _, product: __, ...rest } = secure;
  expect(JSON.stringify({ ...made, linux, secure: rest }, null, 2)).toMatchSnapshot();
});

test.each(PROFILES)('%s: what people read', (profile) => {
  expect(explainReasons(plan(profile)).join('\n')).toMatchSnapshot();
});

test('equal inputs give equal bytes', () => {
  expect(JSON.stringify(plan('strict', BUSY))).toBe(JSON.stringify(plan('strict', structuredClone(BUSY))));
});

test('every slot names a place of its type that is empty', () => {
  for (const changes of [{}, BUSY]) {
    const made = plan('default', changes) as unknown as Record<string, unknown>;
    for (const { at, type } of plan('default', changes).secure.slots) {
      const keys = at.slice(1).split('/');
      const place = keys.reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], made);
      expect([type, place]).toEqual([
        type,
        ['range-start', 'host-port'].includes(type) ? 0 : type === 'name' ? null : '',
      ]);
    }
  }
});

test("a user's text is never a slot", () => {
  const { slots } = plan('default', { request: { hostname: 'h', name: 'n', env: ['HOSTNAME=mine'] } }).secure;
  expect(slots.map(({ at }) => at)).toEqual([
    '/linux/uidMappings/0/hostID',
    '/linux/gidMappings/0/hostID',
    '/linux/cgroupsPath',
    '/secure/logPath',
    '/secure/upperDir',
    '/secure/workDir',
    '/annotations/org.opencontainers.image.created',
    '/secure/network/address4',
    '/secure/network/address6',
    '/secure/files/0/parts/1',
    '/secure/files/0/parts/3',
    '/mounts/9/source',
    '/mounts/10/source',
    '/mounts/11/source',
  ]);
});

test('every reason has a line of policy', () => {
  for (const profile of PROFILES) {
    for (const { by } of plan(profile, BUSY).secure.reasons) {
      expect(by.policy).toMatch(/^builtin:/);
      expect(by.line).toBeGreaterThan(0);
    }
  }
});

test('privileged names what would do instead, in every profile', () => {
  for (const profile of PROFILES)
    expect(outcome(profile, { request: { privileged: true } })).toBe('PRIVILEGED_REFUSED');
});

test('the nginx recipe makes nginx run under strict', () => {
  const image = {
    reference: 'localhost/nginx:latest',
    passwd: 'root:x:0:0::/:/bin/sh\nwww-data:x:33:33::/var/www:/bin/sh\n',
  };
  const made = plan('strict', { image });
  expect(made.process.user).toMatchObject({ uid: 33, gid: 33 });
  expect(made.mounts.map(({ destination }) => destination)).toEqual(
    expect.arrayContaining(['/run', '/var/lib/nginx', '/var/log/nginx']),
  );
  expect(made.secure.landlock?.netPort).toEqual([{ port: [80], allowedAccess: ['bind_tcp'] }]);
  expect(made.process.capabilities.bounding).toEqual([]);
});
