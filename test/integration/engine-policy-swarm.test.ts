// SPDX-License-Identifier: Apache-2.0
// A swarm of two dockerds of Debian, each on a machine of its own, with the policy underneath both: every task of every service is hardened.
import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answers, EngineFixture } from '../support/engine.ts';
import { HARDENED, SecureHost, statusOf } from '../support/engine-secure.ts';
import { cannotRun, until } from '../support/secure.ts';
import { Swarm } from '../support/swarm.ts';

const IMAGE = 'localhost/busybox:latest';
/** Overlay networks of a swarm are made of these. */
const vxlan = () =>
  spawnSync('unshare', ['-n', 'ip', 'link', 'add', 'x', 'type', 'vxlan', 'id', '1', 'dstport', '4789']).status === 0;

describe.skipIf(cannotRun())('a swarm with a policy underneath', () => {
  let fixture: EngineFixture;
  let swarm: Swarm;
  let nodes: readonly SecureHost[];
  const docker = (node: number, ...args: readonly string[]) => swarm.docker(node, ...args);
  /** Ids of the containers that a service has on a node. */
  const tasks = async (node: number, service: string) =>
    (await docker(node, 'ps', '-q', '--filter', `label=com.docker.swarm.service.name=${service}`)).stdout
      .split('\n')
      .filter(Boolean);
  const create = async (name: string, ...options: readonly string[]) => {
    const created = await docker(0, 'service', 'create', '--detach', '--no-resolve-image', '--name', name, ...options);
    expect(created, created.stderr).toMatchObject({ code: 0 });
  };
  const errors = async (service: string) =>
    (await docker(0, 'service', 'ps', '--no-trunc', '--format', '{{.Error}}', service)).stdout.trim();
  const running = async (service: string, each: number) => {
    for (let tries = 0; ; tries++) {
      const ids = await Promise.all([0, 1].map((node) => tasks(node, service)));
      if (ids.every(({ length }) => length === each)) return;
      if (tries === 120) throw new Error(`${service} does not run: ${await errors(service)}`);
      await delay(250);
    }
  };
  /** Why no task of a service runs, by the service itself. */
  const failure = async (service: string) => {
    await until(`${service} fails`, async () => (await errors(service)) !== '', 60);
    const said = await errors(service);
    expect((await Promise.all([0, 1].map((node) => tasks(node, service)))).flat()).toEqual([]);
    await docker(0, 'service', 'rm', service);
    return said;
  };

  beforeAll(async () => {
    fixture = new EngineFixture('docker');
    swarm = await Swarm.create(async (node) => {
      const policy = ['--default', '--policy', '/etc/secure/engines.yaml'];
      expect(await node.install('docker', ...policy)).toMatchObject({ code: 0 });
    });
    nodes = swarm.nodes;
    const archive = SecureHost.archive(fixture);
    for (const node of [0, 1]) expect(await docker(node, 'import', archive, IMAGE)).toMatchObject({ code: 0 });
  }, 180_000);
  afterAll(async () => {
    await swarm.destroy();
    expect(await fixture.destroy()).toEqual([]);
  });

  it('hardens every task of a service, with a secret and a volume', { timeout: 120_000 }, async () => {
    await nodes[0]?.host.sh('echo hidden | docker secret create token -; echo said | docker config create note -');
    const given = [
      '--secret',
      'token',
      '--config',
      'source=note,target=/note',
      '--mount',
      'type=volume,src=kept,dst=/kept',
    ];
    await create('web', '--replicas', '4', ...given, IMAGE, 'sleep', '1000');
    await running('web', 2);
    for (const node of [0, 1])
      for (const id of await tasks(node, 'web')) {
        const seen = await docker(node, 'exec', id, 'cat', '/proc/1/status', '/run/secrets/token', '/note');
        expect(statusOf(seen.stdout), seen.stderr).toMatchObject(HARDENED);
        expect(seen.stdout.split('\n').slice(-3)).toEqual(['hidden', 'said', '']);
        const escalated = await docker(node, 'exec', '--privileged', id, 'echo', 'in');
        expect(escalated.stdout).not.toContain('in\n');
      }
    for (const node of nodes)
      expect(
        node.decisions().filter(({ command, decision }) => command === 'create' && decision === 'allow'),
      ).toHaveLength(2);
    await docker(0, 'service', 'rm', 'web');
  });

  it.runIf(vxlan())('connects tasks of both nodes', { timeout: 120_000 }, async () => {
    expect(await docker(0, 'network', 'create', '--driver', 'overlay', 'mesh')).toMatchObject({ code: 0 });
    const serve = ['sh', '-c', 'hostname > /tmp/index.html; exec httpd -f -p 8080 -h /tmp'];
    await create('mesh', '--replicas', '2', '--network', 'mesh', '--endpoint-mode', 'dnsrr', IMAGE, ...serve);
    await running('mesh', 1);
    const ids = (await Promise.all([0, 1].map((node) => tasks(node, 'mesh')))).flat();
    const address = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
    for (const node of [0, 1]) {
      const [here = '', there = ''] = [ids[node], ids[1 - node]];
      const to = (await docker(1 - node, 'inspect', '-f', address, there)).stdout.trim();
      // The nodes tell each other of their tasks a moment later.
      const pid = (await docker(node, 'inspect', '-f', '{{.State.Pid}}', here)).stdout.trim();
      const words = ['-t', pid, '-n', 'curl', '-sm', '2', `http://${to}:8080/`];
      const fetch = () => nodes[node]?.host.run('nsenter', words) ?? expect.fail();
      expect(await answers(there.slice(0, 12), fetch)).toBe(`${there.slice(0, 12)}\n`);
    }
    await docker(0, 'service', 'rm', 'mesh');
  });

  it.each([
    ['a directory of the host', ['--mount', 'type=bind,src=/,dst=/host'], 'run.binds.deny'],
    ['one capability', ['--cap-add', 'SYS_ADMIN'], 'run.capabilities'],
    ['the network of the host', ['--network', 'host'], 'run.engines.hostNamespaces'],
  ])(
    'refuses a service that asks for %s, and the service says why',
    { timeout: 120_000 },
    async (_, options, control) => {
      await create('asking', '--replicas', '2', '--restart-condition', 'none', ...options, IMAGE, 'sleep', '1000');
      expect(await failure('asking')).toContain(control);
    },
  );

  it('knows no privileged service', async () => {
    const asked = await docker(0, 'service', 'create', '--detach', '--privileged', IMAGE);
    expect(asked).toMatchObject({ code: 125, stdout: '' });
    expect(asked.stderr).toContain('unknown flag: --privileged');
  });
});
