// SPDX-License-Identifier: Apache-2.0
// Whatever is asked for: a request is refused or its plan is as tight as the profile. Seeded; a failure names its round.
import { expect, test } from 'vitest';
import { parsePublish } from '../../../src/cli/values/port.ts';
import { SecureError } from '../../../src/errors.ts';
import type { Plan } from '../../../src/runtime/plan/plan.ts';
import type { RunRequest } from '../../../src/runtime/plan/types.ts';
import { type Profile, plan } from './facts.ts';

/** xorshift32 */
function random(seed: number): <T>(from: readonly T[]) => T {
  let state = seed;
  return (from) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return from[(state >>> 0) % from.length] as (typeof from)[number];
  };
}

type Pick = ReturnType<typeof random>;
const some = <T>(pick: Pick, from: readonly T[]): T[] =>
  Array.from({ length: pick([0, 0, 0, 0, 0, 1, 1, 2]) }, () => pick(from));

function request(pick: Pick): Partial<RunRequest> {
  const user = pick([
    undefined,
    undefined,
    '0',
    'root',
    '1000',
    'app',
    '1000:0',
    '0:1000',
    'toor',
    '00',
    '-1',
    '4294967296',
    '1000:',
  ]);
  const volume = () => ({
    source: pick(['/srv/x', '/', '/etc', '/var/run/docker.sock', '/home', '/proc/1']),
    destination: pick(['/x', '/proc', '/tmp', '/etc/shadow', '/dev/shm', '/']),
    options: some(pick, ['rw', 'ro', 'exec', 'suid', 'dev']),
  });
  return {
    ...(user === undefined ? {} : { user }),
    ...pick([{}, {}, { readOnly: false }, { readOnly: true }]),
    groupAdd: some(pick, ['0', '10', 'root', 'data']),
    capAdd: some(pick, ['ALL', 'SYS_ADMIN', 'CHOWN', 'net_raw', 'SETUID']),
    capDrop: some(pick, ['ALL', 'CHOWN', 'SETUID']),
    securityOpt: some(pick, [
      'no-new-privileges=false',
      'no-new-privileges',
      'seccomp=unconfined',
      'seccomp=baseline',
      'seccomp=strict',
    ]),
    privileged: pick([false, false, false, false, false, true]),
    volumes: pick([[], [], [], [volume()]]),
    tmpfs: some(pick, [
      { destination: '/t', options: ['exec'] },
      { destination: '/t', options: ['size=1m'] },
      { destination: '/usr/bin', options: [] },
    ]),
    ...pick([{}, {}, { network: 'none' as const }, { network: 'bridge' as const }]),
    publish: pick([
      '',
      '',
      '',
      '',
      '443',
      '127.0.0.1:443:443',
      '80:80',
      '0.0.0.0:443:443',
      '[::]:443:443',
      '[::1]:1:443',
    ])
      .split(' ')
      .filter(Boolean)
      .flatMap((text) => parsePublish('-p', text)),
    publishAll: pick([false, false, false, true]),
    addHosts: pick([[], [], [{ name: 'a', address: '192.0.2.1' }], [{ name: 'host', address: 'host-gateway' }]]),
    dns: pick([[], [], [], ['9.9.9.9'], ['127.0.0.1']]),
    ...pick([{}, {}, {}, { proxyEnv: ['HTTP_PROXY=http://x'] }]),
    tty: pick([true, false]),
    trust: pick([true, false]),
    enforcement: pick(['required', 'best-effort']),
    limits: {
      ...pick([
        {},
        {},
        { memory: 2 ** 28 },
        { memory: 2 ** 50 },
        { pids: 10 },
        { pids: 10 ** 6 },
        { cpus: 0.5 },
        { cpus: 100 },
      ]),
      ulimits: some(pick, [
        { name: 'core', soft: -1, hard: -1 },
        { name: 'nofile', soft: 10, hard: 10 },
        { name: 'nproc', soft: 10 ** 6, hard: 10 ** 6 },
      ]),
    },
  };
}

/** What the profile promises about each container, however it was asked for. */
function invariants(made: Plan, profile: Profile): Record<string, boolean> {
  const { process, linux, mounts, secure } = made;
  const writable = mounts.filter(({ type, options }) => ['tmpfs', 'bind'].includes(type) && !options.includes('ro'));
  const files = writable.filter(({ destination }) => destination !== '/dev');
  const always = {
    'own ids': secure.range?.size === 65536 && linux.uidMappings?.length === 1,
    'all namespaces': linux.namespaces.length === 7,
    'no new privileges': process.noNewPrivileges,
    'a filter': linux.seccomp !== undefined && linux.seccomp.defaultAction !== 'SCMP_ACT_ALLOW',
    'read-only root': made.root.readonly,
    'nothing inherited': process.capabilities.inheritable.length + process.capabilities.ambient.length === 0,
    'no admin': !process.capabilities.bounding.some((name) => ['CAP_SYS_ADMIN', 'CAP_NET_RAW'].includes(name)),
    'id in range': [process.user.uid, process.user.gid, ...process.user.additionalGids].every(
      (id) => id >= 0 && id < 65536,
    ),
    'mounts without devices and set-id': files.every(
      ({ options }) => options.includes('nosuid') && options.includes('nodev'),
    ),
    'kernel interfaces': mounts.every(
      ({ destination, type }) => !/^\/(proc|sys)(\/|$)/.test(destination) || ['proc', 'sysfs', 'cgroup'].includes(type),
    ),
    'no way to the host': secure.network?.hostAccess !== true,
    'a free place': new Set(secure.slots.map(({ at }) => at)).size === secure.slots.length,
    limits: linux.resources.pids !== undefined && linux.resources.memory !== undefined,
    'no core dumps': process.rlimits.some(({ type, hard }) => type === 'RLIMIT_CORE' && hard === 0),
  };
  if (profile !== 'strict') return always;
  return {
    ...always,
    'not root': process.user.uid !== 0,
    'no capability': process.capabilities.bounding.length === 0,
    'nothing writable is executable': files.every(({ options }) => options.includes('noexec')),
    'no host path': mounts.every(({ type, source }) => type !== 'bind' || source === ''),
    'no egress': secure.network === null || secure.network.egress === 'none',
    'only from this host': (secure.network?.ports ?? []).every(({ hostAddress }) => hostAddress === '127.0.0.1'),
    'only what is exposed': (secure.network?.ports ?? []).every(({ containerPort }) => containerPort === 443),
    'nobody to ask': !secure.files.some(({ parts }) => parts.join('').includes('nameserver 9')),
    landlock: secure.landlock !== null && secure.landlock.handledAccessFs.length > 0,
    'no way out': secure.landlock?.handledAccessNet.includes('connect_tcp') === true,
    'required is enforced': secure.reasons.every(({ required, status }) => !required || status === 'enforced'),
  };
}

test.each(['default', 'strict'] as const)('%s: no request loosens', { timeout: 60_000 }, (profile) => {
  let planned = 0;
  for (let round = 1; round <= 12_000; round += 1) {
    const pick = random(round * 2_654_435);
    const asked = request(pick);
    const user = pick(['', 'root', '0', 'app', '1000:1000', 'toor', 'ghost']);
    let made: Plan;
    try {
      made = plan(profile, {
        request: asked,
        config: { user, exposedPorts: ['443/tcp'] },
        image: { origin: pick(['built', 'built', 'built', 'imported', 'pulled']) },
      });
    } catch (error) {
      if (error instanceof SecureError) continue;
      throw new Error(`round ${round}: ${JSON.stringify(asked)}`, { cause: error });
    }
    planned += 1;
    const broken = Object.entries(invariants(made, profile)).filter(([, holds]) => !holds);
    expect(broken, `round ${round}: ${JSON.stringify(asked)}`).toEqual([]);
  }
  expect(planned, 'enough of the requests were possible').toBeGreaterThan(40);
});
