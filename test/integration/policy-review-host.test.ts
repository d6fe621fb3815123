// SPDX-License-Identifier: Apache-2.0
// What runs, and what it runs on, against a policy: a container of ours, containers of podman as it tells of them, this machine, files of engines.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, release } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import container from '../../schemas/inputs/container.schema.json' with { type: 'json' };
import host from '../../schemas/inputs/host.schema.json' with { type: 'json' };
import { inspectedSubjects, isInspected } from '../../src/audit/facts/container/subject.ts';
import { hostTarget } from '../../src/cli/policy/host.ts';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
const [isContainer, isHost] = [ajv.compile(container), ajv.compile(host)];
const noPodman = () => process.env.SECURE_MUST_WORK !== '1' && spawnSync('podman', ['--version']).status !== 0;

const POLICY = `apiVersion: secure/v1
kind: Policy
extends: [default]
rules:
  - id: confined
    target: container
    severity: critical
    require: "!container.privileged && container.noNewPrivileges && container.seccomp && container.hostNamespaces == []"
    message: "{{ container.name }}: {{ container.hostNamespaces }}"
  - id: proven
    target: container
    when: "container.engine == 'secure' && container.running"
    require: "container.inForce.seccomp == true && container.memory != null"
  - id: kernel
    target: host
    require: "host.kernel.release == 'RELEASE' && host.seccomp && 'net.ipv4.ip_forward' in host.sysctls"
  - id: no-tcp
    target: engine
    severity: high
    require: "!engine.listen.exists(l, l.startsWith('tcp://')) && engine.interContainer == false"
    message: "{{ engine.name }} listens on {{ engine.listen }}"
`;

describe.skipIf(cannotRun())('policy review of what runs', () => {
  let secure: Secure;
  let policy: string;
  const path = (name: string) => join(secure.root, name);
  const review = (...words: string[]) => secure.run('policy', 'review', '--policy', policy, ...words);
  beforeAll(async () => {
    secure = await Secure.create();
    policy = path('policy.yaml');
    writeFileSync(policy, POLICY.replace('RELEASE', release()));
  });
  afterAll(() => secure.destroy());

  it('a container of ours, with what the kernel says of it', async () => {
    const started = await secure.run('run', '-d', '--name', 'web', '-m', '64m', 'busybox', 'sleep', '60');
    expect(started, started.stderr).toMatchObject({ code: 0 });
    const reviewed = await review('--verbose', 'container://web');
    expect(reviewed, reviewed.stdout).toMatchObject({ code: 0 });
    expect(reviewed.stdout).toContain('+ confined');
    expect(reviewed.stdout).toContain('+ proven');
    await secure.run('rm', '--force', 'web');
    expect(errorCode(await review('container://web'))).toBe('NO_SUCH_CONTAINER');
  });

  it('this machine', async () => {
    expect(await review('host://')).toMatchObject({ code: 0 });
    const { facts, name } = await hostTarget('host://');
    expect(isHost(facts), JSON.stringify(isHost.errors)).toBe(true);
    expect(name).toBe(hostname());
    const { sysctls } = facts as { sysctls: Record<string, string> };
    expect(sysctls['net.ipv4.ip_forward']).toBe(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim());
    const sarif = path('host.sarif');
    await review('-o', sarif, 'host://');
    expect(JSON.parse(readFileSync(sarif, 'utf8'))).toMatchObject({ version: '2.1.0' });
  });

  it('the configuration of engines, where it is and as a file', async () => {
    const file = path('daemon.json');
    writeFileSync(file, '{"hosts": ["tcp://0.0.0.0:2375"], "icc": false}');
    const open = await review(`engine://docker:${file}`);
    expect([open.code, open.stdout]).toEqual([1, expect.stringContaining('docker listens on')]);
    writeFileSync(file, '{"icc": false}');
    expect(await review(`engine://docker:${file}`)).toMatchObject({ code: 0 });
    for (const [name, text, code] of [
      ['docker', '{', 'AUDIT_UNREADABLE'],
      ['docker', '[]', 'AUDIT_UNREADABLE'],
      ['podman', '[a', 'CONFIG_INVALID'],
    ] as const) {
      writeFileSync(file, text);
      expect(errorCode(await review(`engine://${name}:${file}`))).toBe(code);
    }
    expect(errorCode(await review(`engine://docker:${path('none.json')}`))).toBe('AUDIT_UNREADABLE');
    const unknown = await review('engine://dokcer');
    expect([errorCode(unknown), unknown.stderr]).toEqual([
      'INVALID_VALUE',
      expect.stringContaining('did you mean "docker"'),
    ]);
    // Whatever this machine has: it is read, or it is not there.
    for (const name of ['docker', 'podman', 'containerd', 'crio'])
      expect([0, 1]).toContain((await review(`engine://${name}`)).code);
  });

  it.skipIf(noPodman())('containers of podman, as it tells of them', { timeout: 120_000 }, async () => {
    const roots = [
      '--root',
      path('podman/root'),
      '--runroot',
      path('podman/run'),
      '--storage-driver',
      'vfs',
      '--cgroup-manager',
      'cgroupfs',
    ];
    const podman = (...words: string[]) =>
      execFileSync('podman', [...roots, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    mkdirSync(path('podman/rootfs/bin'), { recursive: true });
    copyFileSync('/bin/busybox', path('podman/rootfs/bin/busybox'));
    const create = (...words: string[]) =>
      podman('create', ...words, '--rootfs', path('podman/rootfs'), '/bin/busybox', 'true');
    create(
      '--name',
      'bad',
      '--privileged',
      '--pid',
      'host',
      '--network',
      'host',
      '-v',
      '/etc:/host:ro',
      '--memory',
      '64m',
      '-e',
      'A=1',
    );
    create(
      '--name',
      'good',
      '--read-only',
      '--cap-drop',
      'ALL',
      '--cap-add',
      'CHOWN',
      '--security-opt',
      'no-new-privileges',
      '--user',
      '7',
      '--pids-limit',
      '5',
      '--network',
      'none',
      '--cgroupns',
      'private',
      '--uidmap',
      '0:100000:1000',
    );
    const file = path('containers.json');
    writeFileSync(file, podman('inspect', 'bad', 'good'));
    podman('rm', '-f', 'bad', 'good');
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    expect(isInspected(value)).toBe(true);
    const [bad, good] = inspectedSubjects(value).map(({ facts }) => facts as Record<string, unknown>);
    for (const facts of [bad, good]) expect(isContainer(facts), JSON.stringify(isContainer.errors)).toBe(true);
    expect(bad).toMatchObject({
      engine: 'podman',
      privileged: true,
      readOnly: false,
      memory: 64 * 2 ** 20,
      environment: { A: '1' },
      mounts: [{ type: 'bind', source: '/etc', target: '/host', readOnly: true }],
    });
    expect(bad?.hostNamespaces).toEqual(expect.arrayContaining(['network', 'pid', 'user']));
    expect(bad?.capabilities).toContain('SYS_ADMIN');
    expect(good).toMatchObject({
      user: '7',
      readOnly: true,
      noNewPrivileges: true,
      capabilities: ['CHOWN'],
      hostNamespaces: [],
      pids: 5,
      memory: null,
      seccomp: true,
    });
    const reviewed = await review(file);
    expect(reviewed.code).toBe(1);
    expect(reviewed.stdout).toMatch(/container bad: .*failed/);
    expect(reviewed.stdout).toMatch(/container good: .*nothing failed/);
  });
});

describe('what docker inspect prints', () => {
  const docker = (host: object, more: object = {}) =>
    inspectedSubjects([
      {
        Name: '/web',
        Id: 'a'.repeat(64),
        State: { Running: true },
        Config: { Image: 'i:1', Labels: { a: 'b' } },
        HostConfig: host,
        ...more,
      },
    ])[0]?.facts as Record<string, unknown>;

  it('is told with every default of docker', () => {
    const plain = docker({ NetworkMode: 'default', PidsLimit: null, Memory: 0 });
    expect(isContainer(plain), JSON.stringify(isContainer.errors)).toBe(true);
    expect(plain).toMatchObject({
      name: 'web',
      engine: 'docker',
      running: true,
      privileged: false,
      noNewPrivileges: false,
      seccomp: true,
      hostNamespaces: ['user'],
      memory: null,
      pids: null,
    });
    expect(plain.capabilities).toContain('NET_RAW');
    expect(docker({ Privileged: true })).toMatchObject({ capabilities: ['ALL'], seccomp: false });
    expect(
      docker({
        CapDrop: ['all'],
        CapAdd: ['CAP_CHOWN'],
        SecurityOpt: ['no-new-privileges:true', 'seccomp=unconfined'],
      }),
    ).toMatchObject({ capabilities: ['CHOWN'], noNewPrivileges: true, seccomp: false });
    expect(docker({ SecurityOpt: ['no-new-privileges=false'] })).toMatchObject({ noNewPrivileges: false });
    expect(
      docker({
        PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] },
        NanoCpus: 5e8,
        PidMode: 'host',
        Devices: [{ PathOnHost: '/dev/x' }],
      }),
    ).toMatchObject({
      ports: [{ protocol: 'tcp', hostAddress: '', hostPort: 8080, containerPort: 80 }],
      cpus: 0.5,
      devices: ['/dev/x'],
      hostNamespaces: ['pid', 'user'],
    });
  });

  it('is told from plans, manifests and compose files', () => {
    expect(
      [[], {}, [{ HostConfig: {} }], [{ HostConfig: {}, State: {} }], [{ HostConfig: {}, State: {} }, 1]].map(
        isInspected,
      ),
    ).toEqual([false, false, false, true, false]);
  });
});
