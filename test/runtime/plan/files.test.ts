// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { loadPolicy } from '../../../src/policies/index.ts';
import { filesIo, policy } from '../../policies/files.ts';
import { type Changes, outcome, type Profile, plan, reason } from './facts.ts';

/** The file as it is after the slots were filled with `<type>`. */
function file(profile: Profile, name: string, changes: Changes = {}): string | undefined {
  const { files, slots } = plan(profile, changes).secure;
  const index = files.findIndex((one) => one.name === name);
  return files[index]?.parts
    .map((part, i) => {
      const slot = slots.find(({ at }) => at === `/secure/files/${index}/parts/${i}`);
      return slot === undefined ? part : `<${slot.type}>`;
    })
    .join('');
}
const own = async (body: string): Promise<Changes> => ({
  policy: await loadPolicy('./a.yaml', filesIo({ 'a.yaml': policy(body) })),
});

describe('/etc/hosts', () => {
  it('has its own name at its addresses', () => {
    const text = '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n';
    expect(file('default', 'hosts')).toBe(`${text}<address4>\t<id-short>\n<address6>\t<id-short>\n`);
    expect(file('default', 'hosts', { request: { hostname: 'web' } })).toBe(
      `${text}<address4>\tweb\n<address6>\tweb\n`,
    );
  });
  it('without a network on loopback', () => {
    const text = file('strict', 'hosts', { host: { ipv6: false } });
    expect(text).toBe('127.0.0.1\tlocalhost\n127.0.0.1\t<id-short>\n');
  });
  it('and what was added', () => {
    const addHosts = [
      { name: 'a', address: '192.0.2.1' },
      { name: 'b.c', address: '2001:db8::1' },
    ];
    expect(file('strict', 'hosts', { request: { addHosts } })).toMatch(/\n192\.0\.2\.1\ta\n2001:db8::1\tb\.c\n$/);
  });
});

it('/etc/hostname is the name', () => {
  expect(file('default', 'hostname')).toBe('<id-short>\n');
  expect(file('default', 'hostname', { request: { hostname: 'web' } })).toBe('web\n');
});

describe('/etc/resolv.conf', () => {
  const resolver = (changes: Changes = {}, profile: Profile = 'default') => file(profile, 'resolv.conf', changes);
  it("is the host's", () => {
    expect(resolver()).toBe('# Made by secure.\nnameserver 192.0.2.53\nsearch corp.example\noptions ndots:2\n');
  });
  it('has at most three servers, and none of IPv6 without it', () => {
    const nameservers = ['2001:db8::53', '192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'];
    const host = { resolver: { nameservers, search: [], options: [] } };
    expect(resolver({ host })).toBe(
      '# Made by secure.\nnameserver 2001:db8::53\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n',
    );
    expect(resolver({ host: { ...host, ipv6: false } })).not.toContain(':');
  });
  it('is what was asked for', () => {
    const request = { dns: ['9.9.9.9'], dnsSearch: ['.'], dnsOptions: ['rotate'] };
    expect(resolver({ request })).toBe('# Made by secure.\nnameserver 9.9.9.9\noptions rotate\n');
  });
  it('names nobody that could not be asked, and says why', async () => {
    expect(resolver({}, 'strict')).toBe('# No name server: it has no network.\n');
    expect(resolver(await own('extends: default\nrun: {egress: [443]}'))).toBe(
      '# No name server: port 53 is not in its egress.\n',
    );
    expect(resolver(await own('extends: default\nrun: {egress: [53]}'))).toContain('nameserver 192.0.2.53');
  });
  it('a server that could not be reached is refused, one of its own is not', () => {
    expect(outcome('strict', { request: { dns: ['9.9.9.9'] } })).toBe('POLICY_DENIED');
    expect(resolver({ request: { dns: ['127.0.0.1'] } }, 'strict')).toContain('nameserver 127.0.0.1\n');
  });
  it('none left is told, with the way out', () => {
    const host = { resolver: { nameservers: [], search: ['x'], options: [] } };
    expect(resolver({ host })).toMatch(/^# No name server: .*--dns\.\n$/);
    expect(reason(plan('default', { host }), 'dns')).toMatchObject({ status: 'unavailable', required: false });
  });
});

it('nothing that is asked for adds a line of its own', () => {
  const line = 'x\nnameserver 6.6.6.6';
  for (const request of [
    { dns: [line] },
    { dnsSearch: [line] },
    { dnsOptions: [line] },
    { addHosts: [{ name: line, address: '1.2.3.4' }] },
    { addHosts: [{ name: 'a', address: line }] },
    { hostname: line },
  ])
    expect(outcome('default', { request }), JSON.stringify(request)).toBe('INVALID_VALUE');
});

describe('how they get there', () => {
  const destinations = (changes: Changes) =>
    plan('default', changes)
      .mounts.filter(({ source }) => source === '')
      .map(({ destination }) => destination);

  it('read-only, without devices, set-id and programs, owned by root inside', () => {
    const made = plan('strict');
    for (const mount of made.mounts.filter(({ source }) => source === ''))
      expect(mount.options).toEqual(['bind', 'nosuid', 'nodev', 'noexec', 'ro', 'dest-nofollow', 'idmap']);
    const slots = made.secure.slots.filter(({ type }) => type === 'record-dir');
    expect(slots.map(({ at, suffix }) => [made.mounts[Number(at.split('/')[2])]?.destination, suffix])).toEqual([
      ['/etc/hostname', '/hostname'],
      ['/etc/hosts', '/hosts'],
      ['/etc/resolv.conf', '/resolv.conf'],
    ]);
  });

  it('not over what was mounted there, nor into it', () => {
    const volume = (destination: string) => ({ source: '/srv/x', destination, options: [] });
    expect(destinations({ request: { volumes: [volume('/etc/hosts')] } })).toEqual([
      '/etc/hostname',
      '/etc/resolv.conf',
    ]);
    expect(destinations({ request: { volumes: [volume('//etc/')] } })).toEqual([]);
    expect(destinations({ request: { volumes: [volume('/etcetera')] } })).toHaveLength(3);
    expect(destinations({ request: { tmpfs: [{ destination: '/etc', options: [] }] } })).toHaveLength(3);
    expect(destinations({ request: { tmpfs: [{ destination: '/etc/hosts/', options: [] }] } })).toHaveLength(2);
  });

  it('a file that is not mounted is not made, and slots name the right ones', () => {
    const volumes = [{ source: '/srv/x', destination: '/etc/hosts', options: [] }];
    expect(file('default', 'hosts', { request: { volumes } })).toBeUndefined();
    expect(file('default', 'hostname', { request: { volumes } })).toBe('<id-short>\n');
  });
});

describe('--extra-ca', () => {
  const extraCas = [{ path: '/ca.pem', pem: 'EXTRA\n', subjects: ['CN=Proxy'] }];
  const usual = '/etc/ssl/certs/ca-certificates.crt';
  const bundles = (caBundles: { path: string; text: string }[]) => {
    const made = plan('default', { request: { extraCas }, image: { caBundles } });
    return made.mounts
      .filter(({ source, destination }) => source === '' && !/^\/etc\/[a-z.]+$/.test(destination))
      .map(({ destination }) => destination);
  };
  it("goes behind the image's own", () => {
    const caBundles = [{ path: usual, text: 'OWN' }];
    expect(bundles(caBundles)).toEqual([usual]);
    expect(file('default', 'ca-bundle-0.crt', { request: { extraCas }, image: { caBundles } })).toBe('OWN\nEXTRA\n');
  });
  it('into every bundle of the image, and always the usual one', () => {
    expect(bundles([])).toEqual([usual]);
    expect(bundles([{ path: '/etc/pki/tls/certs/ca-bundle.crt', text: 'OWN\n' }])).toEqual([
      usual,
      '/etc/pki/tls/certs/ca-bundle.crt',
    ]);
  });
  it('is told to programs, unless the image or the request says otherwise', () => {
    const env = (changes: Changes) =>
      plan('default', { ...changes, request: { extraCas, ...changes.request } }).process.env;
    expect(env({})).toContain(`SSL_CERT_FILE=${usual}`);
    expect(env({ config: { env: ['SSL_CERT_FILE=/own'] } })).toContain('SSL_CERT_FILE=/own');
    expect(plan('default').process.env.join()).not.toContain('SSL_CERT');
  });
});

describe('--proxy-env', () => {
  const proxyEnv = ['HTTPS_PROXY=http://proxy.example:3128', 'no_proxy=.example'];
  it('is over the image and under -e', () => {
    const made = plan('default', { request: { proxyEnv, env: ['no_proxy=*'] }, config: { env: ['HTTPS_PROXY=x'] } });
    expect(made.process.env).toContain('HTTPS_PROXY=http://proxy.example:3128');
    expect(made.process.env.filter((entry) => entry.startsWith('no_proxy='))).toEqual(['no_proxy=*']);
    expect(reason(made, 'proxy')).toMatchObject({ decision: 'HTTPS_PROXY no_proxy', status: 'enforced' });
    expect(JSON.stringify(made.secure.reasons)).not.toContain('proxy.example');
  });
  it('says that a proxy on loopback is out of reach', () => {
    const made = plan('default', { request: { proxyEnv: ['http_proxy=http://127.0.0.1:3128/'] } });
    expect(reason(made, 'proxy').status).toBe('unavailable');
  });
  it('is denied by strict', () => {
    expect(outcome('strict', { request: { proxyEnv } })).toBe('POLICY_DENIED');
  });
});
