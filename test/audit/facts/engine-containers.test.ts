// SPDX-License-Identifier: Apache-2.0
// What docker and podman say of a container and an image, and what is made of it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../../src/audit/checks/index.ts';
import { inspectedContainer } from '../../../src/audit/facts/container/inspect.ts';
import { capabilityNames, readProcess } from '../../../src/audit/facts/container/process.ts';
import { type EngineStore, inspectedImage } from '../../../src/audit/facts/image/engine.ts';
import { VulnerabilityDatabase } from '../../../src/audit/vulnerabilities/database.ts';
import { merge } from '../../support/audit.ts';

const ID = 'a'.repeat(64);
const IMAGE = `sha256:${'1'.repeat(64)}`;
/** As docker 20.10 answers of `docker run` with everything closed. */
const HARDENED = {
  Id: ID,
  Name: '/web',
  Image: IMAGE,
  Path: 'nginx',
  Args: ['-g', 'daemon off;'],
  AppArmorProfile: 'docker-default',
  State: { Running: false, Pid: 0 },
  Config: {
    Image: 'registry.example/web:1',
    User: '33',
    Healthcheck: { Test: ['CMD', 'true'] },
    ExposedPorts: { '80/tcp': {} },
  },
  HostConfig: {
    ...{ NetworkMode: 'web', PidMode: '', IpcMode: 'private', UTSMode: '', CgroupnsMode: 'private', UsernsMode: '' },
    ...{ Privileged: false, ReadonlyRootfs: true, CapAdd: null, CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'] },
    ...{ Memory: 67108864, NanoCpus: 500000000, CpuQuota: 0, CpuShares: 0, PidsLimit: 64, CgroupParent: '' },
    ...{ Devices: [], DeviceRequests: null, RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 5 } },
    ...{ PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }] } },
    Ulimits: [
      { Name: 'core', Soft: 0, Hard: 0 },
      { Name: 'nofile', Soft: 1024, Hard: 4096 },
    ],
    MaskedPaths: [
      '/proc/acpi',
      '/proc/kcore',
      '/proc/keys',
      '/proc/scsi',
      '/proc/sched_debug',
      '/proc/timer_list',
      '/sys/firmware',
    ],
    ReadonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
  },
  Mounts: [{ Type: 'bind', Source: '/srv/web', Destination: '/srv', RW: false, Propagation: 'rprivate' }],
  NetworkSettings: { Ports: {} },
};
const OPTIONS = {
  ...{ engine: 'docker' as const, remapped: true, seccomp: 'default', sessions: [], process: null },
  ...{
    image: { reference: 'registry.example/web:1', digest: IMAGE, origin: 'pulled' },
    imageNow: IMAGE,
    exposedPorts: ['80/tcp'],
  },
};
const NOT_PASSED = { '0025': 'not-applicable', '0027': 'fail', '0028': 'unknown', '0030': 'not-applicable' };

const statuses = (over: unknown, options: object = {}): Record<string, string> => {
  const facts = inspectedContainer(merge(HARDENED, over) as never, { ...OPTIONS, ...options });
  const found = CHECKS.container.map((check) => [check.id.slice(-4), check.check(facts).status] as const);
  return Object.fromEntries(found.filter(([, status]) => status !== 'pass'));
};

describe('a container of docker', () => {
  it('that is closed passes what docker can close', () => expect(statuses({})).toEqual(NOT_PASSED));

  const host = (over: object) => ({ HostConfig: over });
  it.each<[string, unknown, readonly string[], object?]>([
    [
      '--privileged',
      host({ Privileged: true, MaskedPaths: null, ReadonlyPaths: null }),
      ['0001', '0002', '0006', '0013', '0020', '0024', '0031'],
    ],
    ['--cap-add SYS_ADMIN', host({ CapAdd: ['SYS_ADMIN'] }), ['0001']],
    ['--cap-add all', host({ CapAdd: ['ALL'] }), ['0001', '0002']],
    ['the default capabilities', host({ CapDrop: null }), ['0001', '0002']],
    ['--security-opt no-new-privileges=false', host({ SecurityOpt: ['no-new-privileges=false'] }), ['0003']],
    ['--security-opt no-new-privileges:true', host({ SecurityOpt: ['no-new-privileges:true'] }), []],
    ['--userns host', host({ UsernsMode: 'host' }), ['0004']],
    ['a daemon without userns-remap', {}, ['0004'], { remapped: false }],
    ['--userns host of a daemon without root', host({ UsernsMode: 'host' }), [], { remapped: 'always' }],
    ['no user', { Config: { User: '' } }, ['0005']],
    ['user root:root', { Config: { User: 'root:root' } }, ['0005']],
    ['seccomp=unconfined', host({ SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'] }), ['0006']],
    ['a kernel without filters', {}, ['0006'], { seccomp: '' }],
    ['a writable root', host({ ReadonlyRootfs: false }), ['0007']],
    ['apparmor=unconfined', { AppArmorProfile: 'unconfined' }, ['0008']],
    ['no limit of memory', host({ Memory: 0 }), ['0009']],
    ['limits of an engine that has no control groups', {}, ['0009', '0010', '0011'], { limits: [] }],
    [
      'limits of an engine without those of processes',
      host({ NanoCpus: 0, CpuShares: 512 }),
      ['0010'],
      { limits: ['memory', 'cpu'] },
    ],
    ['no limit of processes', host({ PidsLimit: null }), ['0010']],
    ['an endless limit of processes', host({ PidsLimit: -1 }), ['0010']],
    ['no limit of processors', host({ NanoCpus: 0 }), ['0011']],
    ['a share of the processors', host({ NanoCpus: 0, CpuShares: 512 }), []],
    ['--network host', host({ NetworkMode: 'host' }), ['0012', '0028']],
    ['--pid host', host({ PidMode: 'host' }), ['0012']],
    ['--ipc host', host({ IpcMode: 'host' }), ['0012']],
    ['--uts host', host({ UTSMode: 'host' }), ['0012']],
    ['--pid of another', host({ PidMode: `container:${ID}` }), ['0012']],
    ['--device', host({ Devices: [{ PathOnHost: '/dev/sda', CgroupPermissions: 'rwm' }] }), ['0013']],
    ['--device of a standard one', host({ Devices: [{ PathOnHost: '/dev/null', CgroupPermissions: 'rwm' }] }), []],
    ['--device-cgroup-rule', host({ DeviceCgroupRules: ['b 8:* rmw'] }), ['0013']],
    ['--gpus', host({ DeviceRequests: [{ Driver: 'nvidia', Count: -1 }] }), ['0013']],
    [
      'the socket of docker',
      { Mounts: [{ Type: 'bind', Source: '/var/run/docker.sock', Destination: '/s', RW: false }] },
      ['0014'],
    ],
    ['/etc', { Mounts: [{ Type: 'bind', Source: '/etc', Destination: '/e', RW: false }] }, ['0015']],
    ['a port on every address', host({ PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } }), ['0016']],
    ['a low port', host({ PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '80' }] } }), ['0017']],
    [
      'no limit of core dumps',
      host({
        Ulimits: [
          { Name: 'nofile', Hard: 9 },
          { Name: 'core', Hard: -1 },
        ],
      }),
      ['0021'],
    ],
    [
      'shared propagation',
      { Mounts: [{ Type: 'bind', Source: '/srv/web', Destination: '/srv', RW: false, Propagation: 'shared' }] },
      ['0022'],
    ],
    ['a writable mount', { Mounts: [{ Type: 'bind', Source: '/srv/web', Destination: '/srv', RW: true }] }, ['0023']],
    [
      'many open files',
      host({
        Ulimits: [
          { Name: 'core', Hard: 0 },
          { Name: 'nofile', Hard: 1 << 24 },
        ],
      }),
      ['0026'],
    ],
    ['sshd', { Path: '/usr/sbin/sshd' }, ['0029']],
    ['--restart always', host({ RestartPolicy: { Name: 'always' } }), ['0032']],
    ['no health check', { Config: { Healthcheck: { Test: ['NONE'] } } }, ['0033']],
    ['--cgroup-parent', host({ CgroupParent: '/x' }), ['0034']],
    ['a port that nobody declared', {}, ['0035'], { exposedPorts: [] }],
    ['the default bridge', host({ NetworkMode: 'default' }), ['0036']],
    ['a newer image of its name', {}, ['0039'], { imageNow: `sha256:${'2'.repeat(64)}` }],
    ['a privileged session', {}, ['0037'], { sessions: [{ ProcessConfig: { privileged: true, entrypoint: 'sh' } }] }],
    ['a session of root', {}, ['0038'], { sessions: [{ ProcessConfig: { user: '0:0', entrypoint: 'sh' } }] }],
  ])('%s', (_, over, ids, options = {}) => {
    const expected = { ...NOT_PASSED, ...Object.fromEntries(ids.map((id) => [id, 'fail'])) };
    expect(statuses(over, options)).toEqual(expected);
  });

  it('of which something is not known does not pass that', () => {
    expect(statuses({ HostConfig: { Ulimits: null } })).toEqual({
      ...NOT_PASSED,
      '0021': 'unknown',
      '0026': 'unknown',
    });
    expect(statuses({ Config: { User: 'www-data' } })).toEqual({ ...NOT_PASSED, '0005': 'unknown' });
    expect(statuses({}, { imageNow: null })).toEqual({ ...NOT_PASSED, '0039': 'unknown' });
    // Of one that runs it is the kernel that says what is open, and it was not asked.
    expect(statuses({ State: { Running: true } })).toEqual({ ...NOT_PASSED, '0025': 'unknown' });
    expect(statuses({ HostConfig: { NetworkMode: `container:${ID}` } })).toMatchObject({
      '0016': 'unknown',
      '0017': 'unknown',
    });
  });

  it('that runs is judged by what the kernel says', () => {
    const proof = { inForce: true, planned: null, required: false };
    const process = {
      ...{ uid: 33, rlimits: { RLIMIT_CORE: -1 }, programs: ['nginx', 'dropbear'] },
      proof: {
        user: { ...proof, actual: '0:0; outside 0 0' },
        capabilities: { ...proof, actual: 'bounding: CAP_SYS_ADMIN; permitted: none' },
        'no-new-privileges': { ...proof, inForce: false, actual: '0' },
        seccomp: { ...proof, actual: 'no filter' },
        'user-namespace': { ...proof, actual: 'uid 0:0:4294967295; gid 0:0:4294967295' },
        descriptors: { ...proof, inForce: false, actual: 'open directories that lead out: 8' },
        lsm: { ...proof, inForce: false, planned: 'unconfined', actual: 'unconfined' },
      },
    };
    const ids = ['0001', '0003', '0004', '0005', '0006', '0008', '0021', '0025', '0029'];
    expect(statuses({ State: { Running: true } }, { process })).toEqual({
      ...NOT_PASSED,
      ...Object.fromEntries(ids.map((id) => [id, 'fail'])),
    });
  });
});

describe('the kernel', () => {
  it('names capabilities by their bits', () => {
    expect(capabilityNames('0000000000000400')).toEqual(['CAP_NET_BIND_SERVICE']);
    expect(capabilityNames('00000000a80425fb')).toHaveLength(14);
    expect(capabilityNames('8000010000000001')).toEqual(['CAP_CHOWN', 'CAP_CHECKPOINT_RESTORE', 'CAP_63']);
  });

  it('is not asked about a process that is not of the container', () => {
    expect(readProcess(process.pid, ID)).toBeNull();
    expect(readProcess(-1, ID)).toBeNull();
    expect(readProcess(1.5, ID)).toBeNull();
    expect(readProcess(2 ** 31, ID)).toBeNull();
    expect(readProcess(process.pid, '')).toBeNull();
  });
});

const store = (root: string): EngineStore => ({ engine: 'docker', root, native: true });

describe('an image of docker', () => {
  const image = {
    Id: IMAGE,
    RepoTags: ['registry.example/web:1'],
    RepoDigests: ['registry.example/web@sha256:1'],
    Created: '2026-05-01T00:00:00Z',
    Config: { User: 'app', Env: ['A=b'], Healthcheck: { Test: ['NONE'] }, ExposedPorts: { '80/tcp': {} } },
  };

  it('without its files says so, and passes nothing by that', () => {
    const facts = inspectedImage(image, [{ CreatedBy: 'RUN b' }, { CreatedBy: 'FROM a' }], store('/var/lib/docker'));
    expect(facts).toMatchObject({ origin: 'pulled', history: ['FROM a', 'RUN b'], accounts: null });
    const files = CHECKS.image.filter(({ id }) => /-00(?:01|02|03|06|07|08|14|17|18)$/.test(id));
    expect(new Set(files.map((check) => check.check(facts).status))).toEqual(new Set(['unknown']));
  });

  it('is looked at where overlay2 keeps it, and nowhere else', () => {
    const root = mkdtempSync(join(tmpdir(), 'secure-overlay-'));
    const diff = (name: string) => join(root, 'overlay2', name, 'diff');
    for (const name of ['low', 'up']) mkdirSync(diff(name), { recursive: true });
    writeFileSync(join(diff('low'), 'su'), '', { mode: 0o755 });
    writeFileSync(join(diff('up'), 'sudo'), '');
    const chmod = (path: string) => writeFileSync(path, 'x', { mode: 0o777 });
    chmod(join(diff('up'), 'open'));
    const data = { Name: 'overlay2', Data: { UpperDir: diff('up'), LowerDir: diff('low') } };
    const found = inspectedImage({ ...image, GraphDriver: data }, [], store(root));
    expect(found.incomplete).toBeNull();
    const outside = { Name: 'overlay2', Data: { UpperDir: diff('up'), LowerDir: '/etc' } };
    expect(inspectedImage({ ...image, GraphDriver: outside }, [], store(root)).incomplete).not.toBeNull();
    const above = { Name: 'overlay2', Data: { UpperDir: `${root}/../../etc`, LowerDir: '' } };
    expect(inspectedImage({ ...image, GraphDriver: above }, [], store(root)).incomplete).not.toBeNull();
    rmSync(root, { recursive: true });
  });

  it('is held against advisories where its files lie unpacked', async () => {
    const root = mkdtempSync(join(tmpdir(), 'secure-overlay-'));
    const diff = join(root, 'overlay2/only/diff');
    mkdirSync(join(diff, 'var/lib/dpkg'), { recursive: true });
    mkdirSync(join(diff, 'etc'));
    writeFileSync(join(diff, 'etc/os-release'), 'ID=debian\nVERSION_ID="12"\n');
    const status = 'Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.1-1\n';
    writeFileSync(join(diff, 'var/lib/dpkg/status'), status);
    const advisory = {
      ...{ schema_version: '1.6.0', id: 'CVE-2026-1', modified: '2026-01-01T00:00:00Z', summary: 'a flaw' },
      affected: [
        {
          package: { ecosystem: 'Debian:12', name: 'openssl' },
          ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.2-1' }] }],
        },
      ],
    };
    writeFileSync(join(root, 'advisory.json'), JSON.stringify(advisory));
    const database = VulnerabilityDatabase.create(join(root, 'db'));
    await database.load(join(root, 'advisory.json'), 'test', new Date());
    const driver = { Name: 'overlay2', Data: { UpperDir: diff, LowerDir: '' } };
    const facts = inspectedImage({ ...image, GraphDriver: driver }, [], store(root), database);
    const without = inspectedImage({ ...image, GraphDriver: driver }, [], store(root));
    database.close();
    expect(facts.vulnerabilities?.found.map(({ id, name, fixed }) => [id, name, fixed])).toEqual([
      ['CVE-2026-1', 'openssl', '3.0.2-1'],
    ]);
    expect(without.vulnerabilities).toBeNull();
    rmSync(root, { recursive: true });
  });
});
