// SPDX-License-Identifier: Apache-2.0
// Facts of a container: plans of others, plans that are none, and what counts where plan and proof differ.
import { describe, expect, it } from 'vitest';
import { type ContainerFacts, collectContainer, exampleFacts } from '../../../src/audit/facts/container.ts';
import type { Verdict } from '../../../src/audit/types.ts';
import { checkFiles, merge } from '../../support/audit.ts';

const checks = (await checkFiles()).map(({ check }) => check).filter(({ target }) => target === 'container');
/** What only other engines do. */
const OTHERS = [31, 32, 33, 34, 35, 37, 38, 39].map((id) => [`SEC-CONTAINER-00${id}`, 'not-applicable']);
const of = (id: number, facts: ContainerFacts): Verdict => {
  const check = checks.find((one) => one.id === `SEC-CONTAINER-${String(id).padStart(4, '0')}`);
  if (check === undefined) throw new Error(`no ${id}`);
  return check.check(facts as never);
};
const messages = (verdict: Verdict): string[] =>
  verdict.status === 'fail' ? verdict.problems.map(({ message }) => message) : [];
const example = (over: unknown): ContainerFacts => merge(exampleFacts, over) as ContainerFacts;
const state = (status = 'exited') => ({ id: 'a'.repeat(64), name: 'web', status });

/** What docker writes for `docker run --privileged --net host -v /:/host -v /var/run/docker.sock:/d.sock`. */
const privileged = {
  ociVersion: '1.2.0',
  process: {
    user: { uid: 0, gid: 0 },
    args: ['/usr/sbin/sshd', '-D'],
    capabilities: {
      bounding: ['CAP_SYS_ADMIN', 'CAP_CHOWN'],
      effective: ['CAP_SYS_ADMIN'],
      permitted: [],
      inheritable: [],
    },
    rlimits: [],
  },
  root: { path: '/x', readonly: false },
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid'] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['nosuid', 'rw'] },
    { destination: '/host', type: 'bind', source: '/', options: ['rbind', 'rshared'] },
    { destination: '/d.sock', type: 'bind', source: '/var/run/docker.sock', options: ['rbind'] },
  ],
  linux: {
    namespaces: [{ type: 'mount' }, { type: 'pid' }, { type: 'ipc' }, { type: 'uts' }],
    resources: { devices: [{ allow: true, access: 'rwm' }] },
    rootfsPropagation: 'shared',
  },
};

describe('a privileged bundle of another engine', () => {
  const facts = collectContainer({ state: state(), plan: privileged });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23, 24, 26, 29])(
    'SEC-CONTAINER %d fails',
    (id) => {
      expect(of(id, facts).status).toBe('fail');
    },
  );

  it('says nothing about what is not in the plan', () => {
    for (const id of [16, 17, 27, 28]) expect([id, of(id, facts).status]).toEqual([id, 'unknown']);
    for (const id of [18, 19, 25, 30]) expect([id, of(id, facts).status]).toEqual([id, 'not-applicable']);
  });

  it('names each problem once', () => {
    expect(messages(of(12, facts))).toEqual([
      'its network namespace is that of the host',
      'its cgroup namespace is that of the host',
    ]);
    expect(messages(of(14, facts))).toEqual([expect.stringContaining('/run/docker.sock: control of the host')]);
    expect(messages(of(15, facts))).toEqual([expect.stringContaining('/ of the host is writable on /host')]);
  });
});

describe('a plan that is none', () => {
  it.each([
    ['absent', undefined],
    ['null', null],
    ['text', 'plan'],
    ['a list', []],
    ['of something else', { kind: 'Pod' }],
  ])('%s: nothing is passed', (_, plan) => {
    const facts = collectContainer({ state: state(), plan });
    expect(facts.plan).toBeNull();
    const verdicts = checks.map((check) => check.check(facts as never).status);
    expect(verdicts).not.toContain('pass');
    expect(verdicts).not.toContain('fail');
  });

  it('with values of other types has the weakest ones', () => {
    const wrong = {
      process: 'x',
      root: [],
      mounts: { a: 1 },
      linux: { namespaces: [null, 1, {}], seccomp: [], resources: { memory: 7, devices: 'all' } },
      secure: 5,
    };
    const facts = collectContainer({ state: state(), plan: { ociVersion: '1.0.0', ...wrong } });
    for (const id of [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 20, 21, 26])
      expect([id, of(id, facts).status]).toEqual([id, 'fail']);
  });

  it('a proof that is none counts as not asked', () => {
    for (const enforced of [undefined, null, {}, { controls: 'all' }, { controls: [] }]) {
      expect(collectContainer({ state: state('running'), plan: privileged, enforced }).proof).toBeNull();
    }
  });
});

describe('plan and proof', () => {
  it('the kernel counts, and the finding says that the plan says otherwise', () => {
    expect(messages(of(3, example({ proof: { 'no-new-privileges': { inForce: false } } })))).toEqual([
      'no_new_privs is not set on its process, although the plan asks for it',
    ]);
    expect(messages(of(10, example({ proof: { pids: { actual: 'max', inForce: false } } })))[0]).toContain(
      'although the plan asks for it',
    );
  });

  it('what the kernel has passes although it was not planned', () => {
    expect(of(7, example({ plan: { readOnlyRoot: false } }))).toEqual({ status: 'pass' });
    expect(of(5, example({ plan: { uid: 0 } }))).toEqual({ status: 'pass' });
  });

  it.each([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 20, 21, 23, 24, 25, 26, 30])(
    'SEC-CONTAINER %d of a live process that was not asked is unknown',
    (id) => {
      expect(of(id, example({ proof: null })).status).toBe('unknown');
    },
  );

  it('what the kernel could not say is unknown', () => {
    const silent = Object.fromEntries(
      Object.entries(exampleFacts.proof ?? {}).map(([control, proven]) => [
        control,
        { ...proven, inForce: null, actual: 'cannot be read' },
      ]),
    );
    for (const id of [1, 2, 3, 4, 5, 7, 8, 20, 21, 23, 24, 25, 26, 30]) {
      expect([id, of(id, example({ proof: silent })).status]).toEqual([id, 'unknown']);
    }
  });

  it('of one that has ended only the plan is judged', () => {
    const ended = example({ running: false, proof: null });
    const verdicts = checks.map((check) => [check.id, check.check(ended as never).status]);
    expect(verdicts.filter(([, status]) => status !== 'pass').sort()).toEqual([
      ['SEC-CONTAINER-0025', 'not-applicable'],
      ['SEC-CONTAINER-0030', 'not-applicable'],
      ...OTHERS,
    ]);
  });

  it('shared ids are found in any range of the map', () => {
    const actual = 'uid 1:1959854080:65535 0:0:1; gid 0:1959854080:65536';
    expect(of(4, example({ proof: { 'user-namespace': { actual } } })).status).toBe('fail');
  });
});

describe('mounts of the host', () => {
  const bind = (source: string, ...options: readonly string[]) =>
    example({
      plan: { mounts: [{ destination: '/x', type: 'bind', source, options: ['bind', ...options], own: false }] },
    });

  it.each([
    ['/var/run/docker.sock', 'fail'],
    ['/run//docker.sock', 'fail'],
    ['/srv/../run/docker.sock', 'fail'],
    ['/run/containerd/', 'fail'],
    ['/run/user/1000/podman/podman.sock', 'fail'],
    ['/home/me/docker.sock', 'fail'],
    ['/run/docker.sock.d', 'pass'],
    ['/run/mysqld', 'pass'],
  ])('%s as a socket: %s', (source, status) => {
    expect(of(14, bind(source)).status).toBe(status);
  });

  it.each([
    ['/', 'fail'],
    ['//', 'fail'],
    ['/srv/..', 'fail'],
    ['/etc/', 'fail'],
    ['/etc/nginx', 'fail'],
    ['/proc/1', 'fail'],
    ['/var/lib/docker/volumes/a/_data', 'fail'],
    ['/run', 'fail'],
    ['/var/run', 'fail'],
    ['/home', 'fail'],
    ['/etcetera', 'pass'],
    ['/home/me/data', 'pass'],
    ['/etc/localtime', 'pass'],
    ['/srv/web', 'pass'],
  ])('%s as a directory: %s', (source, status) => {
    expect(of(15, bind(source, 'ro')).status).toBe(status);
  });
});

it('files that the runtime wrote for the container are its own, those of another are not', () => {
  const record = `/var/lib/secure/containers/${'a'.repeat(64)}`;
  const mount = (source: string) => ({ destination: '/x', type: 'bind', source, options: ['bind', 'ro'] });
  const plan = (source: string) => ({
    ociVersion: '1.3.0',
    mounts: [mount(source)],
    secure: { stateRoot: '/var/lib/secure', files: [{ name: 'hosts', parts: [] }] },
  });
  const verdict = (source: string) => of(15, collectContainer({ state: state(), plan: plan(source) })).status;
  expect(verdict(`${record}/hosts`)).toBe('pass');
  expect(verdict(`${record}/config.json`)).toBe('fail');
  expect(verdict(record)).toBe('fail');
  expect(verdict(`/var/lib/secure/containers/${'b'.repeat(64)}/hosts`)).toBe('fail');
});

describe('published ports', () => {
  const published = (hostAddress: string, hostPort = 8080) =>
    example({ plan: { network: { ports: [{ protocol: 'tcp', hostAddress, hostPort, containerPort: 80 }] } } });

  it.each([
    ['0.0.0.0', 'fail'],
    ['::', 'fail'],
    ['0:0:0:0:0:0:0:0', 'fail'],
    ['', 'fail'],
    ['127.0.0.1', 'pass'],
    ['2001:db8::1', 'pass'],
  ])('on %j: %s', (address, status) => {
    expect(of(16, published(address)).status).toBe(status);
  });

  it('below 1024, but for one that the kernel chooses', () => {
    expect([of(17, published('127.0.0.1', 0)).status, of(17, published('127.0.0.1', 1023)).status]).toEqual([
      'pass',
      'fail',
    ]);
  });

  it('an older plan without a network, or with null, has loopback only', () => {
    for (const secure of [{}, { network: null }]) {
      const facts = collectContainer({ state: state(), plan: { ociVersion: '1.3.0', secure } });
      expect(facts.plan?.network).toBeNull();
      expect(of(16, facts).status).toBe('not-applicable');
    }
  });
});

it('on the example every check passes', () => {
  const verdicts = checks.map((check) => [check.id, check.check(exampleFacts as never).status]);
  expect(verdicts.filter(([, status]) => status !== 'pass').sort()).toEqual(OTHERS);
});
