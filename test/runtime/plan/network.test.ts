// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, test } from 'vitest';
import { parsePublish } from '../../../src/cli/values/port.ts';
import { type EffectivePolicy, loadPolicy } from '../../../src/policies/index.ts';
import type { RunRequest } from '../../../src/runtime/plan/types.ts';
import { filesIo, policy } from '../../policies/files.ts';
import { type Changes, outcome, type Profile, plan, reason } from './facts.ts';

const publish = (...texts: string[]): Partial<RunRequest> => ({
  publish: texts.flatMap((text) => parsePublish('-p', text)),
});
const network = (profile: Profile, changes: Changes = {}) => plan(profile, changes).secure.network;
const ports = (profile: Profile, texts: string[], changes: Changes = {}) =>
  network(profile, { ...changes, request: { ...publish(...texts), ...changes.request } })?.ports.map(
    (port) => `${port.hostAddress} ${port.hostPort} ${port.containerPort}/${port.protocol}`,
  );
const own = (body: string): Promise<EffectivePolicy> => loadPolicy('./a.yaml', filesIo({ 'a.yaml': policy(body) }));
const WEB = { config: { exposedPorts: ['80/tcp', '53/udp'] } };

describe('what it is attached to is the least that works', () => {
  it.each<[Profile, Changes, string | null]>([
    ['baseline', {}, 'any'],
    ['default', {}, 'any'],
    ['strict', {}, null],
    ['strict', WEB, null],
    ['strict', { request: { network: 'bridge' } }, 'none'],
    ['strict', { ...WEB, request: publish('8080:80') }, 'none'],
    ['strict', { ...WEB, request: { publishAll: true } }, 'none'],
    ['default', { request: { network: 'none' } }, null],
    ['baseline', { request: { network: 'none' } }, null],
  ])('%s %j', (profile, changes, egress) => {
    expect(network(profile, changes)?.egress ?? null).toBe(egress);
    expect(reason(plan(profile, changes), 'network').decision).toMatch(egress === null ? /^none$/ : /^bridge secure0/);
  });

  it('declared egress is attached, sorted and once', async () => {
    const made = plan('strict', { policy: await own('extends: default\nrun: {egress: [443, 53, 443]}') });
    expect(made.secure.network?.egress).toEqual([53, 443]);
    expect(reason(made, 'egress')).toMatchObject({ required: true, status: 'enforced', by: { line: 4 } });
  });

  it('a policy without networks gives none, whatever is asked', async () => {
    const none = { policy: await own('extends: default\nrun: {network: none}') };
    expect(network('default', none)).toBeNull();
    expect(outcome('default', { ...none, request: { network: 'bridge' } })).toBe('POLICY_DENIED');
    expect(outcome('default', { ...none, request: publish('80:80') })).toBe('POLICY_DENIED');
    expect(outcome('default', { ...none, request: { publishAll: true } })).toBe('POLICY_DENIED');
  });

  it('--network none excludes what needs one', () => {
    const gateway = { addHosts: [{ name: 'host.internal', address: 'host-gateway' }] };
    for (const request of [publish('80:80'), { publishAll: true }, { dns: ['9.9.9.9'] }, gateway])
      expect(outcome('baseline', { request: { network: 'none', ...request } })).toBe('USAGE');
    expect(outcome('baseline', { request: { network: 'none', dns: ['127.0.0.1'] } })).toBe('planned');
  });

  it('IPv6 only where the host and the configuration have it', () => {
    expect(network('default')).toMatchObject({ subnet6: 'fd7c:5ec0:e01::/64', address6: '' });
    for (const changes of [{ host: { ipv6: false } }, { network: { subnet6: null } }]) {
      const made = plan('default', changes);
      expect(made.secure.network).toMatchObject({ subnet6: null, address6: null });
      expect(made.secure.slots.some(({ type }) => type === 'address6')).toBe(false);
    }
  });
});

describe('where a port is published', () => {
  it.each<[Profile, string, string[]]>([
    ['baseline', '8080:80', ['0.0.0.0 8080 80/tcp', ':: 8080 80/tcp']],
    ['baseline', '80', ['0.0.0.0 0 80/tcp']],
    ['default', '8080:80', ['127.0.0.1 8080 80/tcp']],
    ['default', '0.0.0.0:8080:80', ['0.0.0.0 8080 80/tcp']],
    ['default', '[::]:5300:53/udp', [':: 5300 53/udp']],
    ['strict', '8080:80', ['127.0.0.1 8080 80/tcp']],
    ['strict', '127.9.9.9:8080:80', ['127.9.9.9 8080 80/tcp']],
  ])('%s -p %s', (profile, text, expected) => {
    expect(ports(profile, [text], WEB)).toEqual(expected);
  });

  it('an image that exposes ten thousand ports is decided in a moment', () => {
    const exposedPorts = Array.from({ length: 10_000 }, (_, i) => `${i + 1}/tcp`);
    const changes = { config: { exposedPorts } };
    const before = performance.now();
    expect(ports('strict', ['8000-8999:8000-8999'], changes)).toHaveLength(1000);
    expect(outcome('strict', { ...changes, request: { publishAll: true } })).toBe('INVALID_VALUE');
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it('beyond the host only by a policy that says so, under strict', async () => {
    const request = publish('0.0.0.0:8080:80');
    expect(outcome('strict', { ...WEB, request })).toBe('POLICY_DENIED');
    expect(outcome('strict', { ...WEB, request: publish('[::]:8080:80') })).toBe('POLICY_DENIED');
    const granted = await own('extends: strict\nrun: {publishAddress: ask}');
    expect(ports('strict', ['0.0.0.0:8080:80'], { ...WEB, policy: granted })).toEqual(['0.0.0.0 8080 80/tcp']);
    expect(ports('strict', ['8080:80'], { ...WEB, policy: granted })).toEqual(['127.0.0.1 8080 80/tcp']);
    await expect(own('extends: strict\nrun: {publishAddress: any}')).rejects.toMatchObject({
      code: 'CEILING_EXCEEDED',
    });
  });

  it('not on ::1, and not on IPv6 without IPv6', () => {
    expect(outcome('default', { request: publish('[::1]:80:80') })).toBe('PORT_REFUSED');
    expect(outcome('strict', { ...WEB, request: publish('[::1]:80:80') })).toBe('PORT_REFUSED');
    expect(outcome('default', { request: publish('[::]:80:80'), host: { ipv6: false } })).toBe('PORT_REFUSED');
    expect(ports('baseline', ['8080:80'], { host: { ipv6: false } })).toEqual(['0.0.0.0 8080 80/tcp']);
  });

  it('the reason says who reaches it', () => {
    const why = (profile: Profile, text: string): string =>
      reason(plan(profile, { request: publish(text) }), 'publish').why;
    expect(why('baseline', '80:80')).toContain('whoever reaches the host');
    expect(why('default', '80:80')).toContain('only this host');
  });
});

describe('what may be published', () => {
  it('under strict only what is declared, for its protocol', () => {
    expect(outcome('strict', { ...WEB, request: publish('8080:80', '5353:53/udp') })).toBe('planned');
    for (const text of ['8080:81', '8080:80/udp', '5353:53', '80-81:80-81'])
      expect(outcome('strict', { ...WEB, request: publish(text) }), text).toBe('POLICY_DENIED');
  });

  it('a workload declares, and Landlock lets it listen', () => {
    const made = plan('strict', { image: { reference: 'localhost/busybox:latest' }, request: publish('8080:80') });
    expect(made.secure.network?.ports).toHaveLength(1);
    expect(made.secure.landlock?.netPort).toEqual([{ port: [80, 8080], allowedAccess: ['bind_tcp'] }]);
  });

  test('-P: all that is exposed and not published yet, on free ports', () => {
    expect(ports('strict', ['8080:80'], { ...WEB, request: { publishAll: true } })).toEqual([
      '127.0.0.1 8080 80/tcp',
      '127.0.0.1 0 53/udp',
    ]);
    const nothing = plan('default', {
      request: { publishAll: true },
      config: { exposedPorts: ['x', '0', '5/sctp', '70000'] },
    });
    expect(nothing.secure.network?.ports).toEqual([]);
    expect(reason(nothing, 'publish')).toMatchObject({ status: 'off', decision: 'none' });
  });

  it('each free port is a slot, in their order', () => {
    const { network: made, slots } = plan('default', { request: publish('90', '80:80', '91-92') }).secure;
    expect(made?.ports.map(({ hostPort }) => hostPort)).toEqual([0, 80, 0, 0]);
    expect(slots.filter(({ type }) => type === 'host-port').map(({ at }) => at)).toEqual(
      [0, 2, 3].map((i) => `/secure/network/ports/${i}/hostPort`),
    );
  });

  it.each([
    [['80:80', '80:81']],
    [['80:80', '0.0.0.0:80:80']],
    [['0.0.0.0:80:80', '10.0.0.1:80:81']],
    [['[::]:80:80', '[fd00::1]:80:81']],
    [['80', '80']],
    [['80-90:80-90', '85:1']],
  ])('twice the same place is refused: %j', (texts) => {
    expect(outcome('default', { request: publish(...texts) })).toBe('INVALID_VALUE');
  });

  it('what only looks the same is not', () => {
    for (const texts of [
      ['80:80', '80:80/udp'],
      ['10.0.0.1:80:80', '10.0.0.2:80:80'],
      ['0.0.0.0:80:80', '[::]:80:80'],
      ['80', '81'],
    ])
      expect(outcome('default', { request: publish(...texts) }), texts.join()).toBe('planned');
  });

  it('at most 1024 altogether', () => {
    expect(outcome('default', { request: publish('1-1024:1-1024') })).toBe('planned');
    expect(outcome('default', { request: publish('1-1024:1-1024', '2000:1') })).toBe('INVALID_VALUE');
    expect(outcome('baseline', { request: publish('1-1024:1-1024') })).toBe('INVALID_VALUE');
  });
});

describe('reaching the host', () => {
  const request = { addHosts: [{ name: 'host.internal', address: 'host-gateway' }] };
  it('is denied by every profile', () => {
    for (const profile of ['baseline', 'default', 'strict'] as const)
      expect(outcome(profile, { request })).toBe('POLICY_DENIED');
  });
  it('needs both the policy and the request', async () => {
    const granted = await own('extends: default\nrun: {hostAccess: true, egress: []}');
    expect(network('default', { policy: granted })).toBeNull();
    const made = plan('default', { policy: granted, request, network: { subnet4: '172.30.4.0/24' } });
    expect(made.secure.network).toMatchObject({ hostAccess: true, egress: 'none' });
    expect(made.secure.files[0]?.parts.at(-1)).toContain('172.30.4.1\thost.internal\n');
    const unasked = await own('extends: default\nrun: {hostAccess: true}');
    expect(network('default', { policy: unasked })?.hostAccess).toBe(false);
  });
  it('cannot be granted on top of strict', async () => {
    await expect(own('extends: strict\nrun: {hostAccess: true}')).rejects.toMatchObject({ code: 'CEILING_EXCEEDED' });
  });
});

describe('NET_ADMIN without a user namespace', () => {
  it('is not on a bridge: it would change the devices of the host', async () => {
    const loose = await own('extends: baseline\nrun: {capabilities: [NET_ADMIN]}');
    const off = {
      ...loose,
      run: { ...loose.run, 'user.namespace': { ...loose.run['user.namespace'], value: 'wished' } },
    };
    const host = { host: { userNamespaces: false } };
    expect(outcome('baseline', { policy: loose })).toBe('planned');
    expect(outcome('baseline', { policy: off as EffectivePolicy })).toBe('planned');
    expect(outcome('baseline', { policy: off as EffectivePolicy, ...host })).toBe('CONTROL_UNAVAILABLE');
    expect(outcome('baseline', { policy: off as EffectivePolicy, ...host, request: { network: 'none' } })).toBe(
      'planned',
    );
    const harmless = { ...host, request: { capDrop: ['NET_ADMIN'] } };
    expect(outcome('baseline', { policy: off as EffectivePolicy, ...harmless })).toBe('planned');
  });
});
