// SPDX-License-Identifier: Apache-2.0
// Debian's containerd in its usual places, spoken to as a kubelet does: the policy is put underneath it, holds for the pods of a
// RuntimeClass or for all, and is taken away again.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFIG, Containerd, IMAGE } from '../support/containerd.ts';
import type { Container, Cri, Pod } from '../support/cri.ts';
import { EngineFixture } from '../support/engine.ts';
import { HARDENED, LINK, limitFile, MEMORY, SecureHost, statusOf } from '../support/engine-secure.ts';
import { cannotRun } from '../support/secure.ts';

/** Without a kubelet nobody asks for a filter of the engine. */
const ALONE = { ...HARDENED, Seccomp_filters: '1' };

describe.skipIf(cannotRun())('containerd with a policy underneath', () => {
  let fixture: EngineFixture;
  let machine: SecureHost;
  let containerd: Containerd;
  let cri: Cri;
  const ctr = (...args: readonly string[]) => machine.host.run('ctr', args);
  const restart = async () => {
    await containerd.stop();
    await containerd.start();
  };
  const sleeping = { image: IMAGE, command: ['/bin/sleep', '1000'] } satisfies Container;
  /** What happened to a container of a pod: its status, or why there is none. */
  async function attempt(
    pod: Pod,
    container: Container = sleeping,
  ): Promise<Readonly<Record<string, string>> | string> {
    let sandbox = '';
    try {
      sandbox = await cri.runPod(pod);
      const id = await cri.runContainer(pod, sandbox, container);
      return statusOf(await cri.exec(id, 'cat', '/proc/1/status'));
    } catch (error) {
      return (error as Error).message;
    } finally {
      if (sandbox !== '') await cri.removePod(sandbox);
    }
  }

  beforeAll(async () => {
    fixture = new EngineFixture('k8s.io');
    machine = await SecureHost.create();
    containerd = new Containerd(machine);
    cri = containerd.cri;
    await containerd.prepare();
    expect(await attempt({ name: 'plain', handler: '' })).toMatchObject({ Seccomp_filters: '0' });
    const installed = await machine.install('containerd', '--policy', '/etc/secure/engines.yaml');
    expect(installed).toMatchObject({ code: 0 });
    expect(installed.stdout).toContain('next: systemctl restart containerd\n');
    await restart();
  }, 120_000);
  afterAll(async () => {
    await containerd.stop();
    await machine.destroy();
    expect(await fixture.destroy()).toEqual([]);
  });

  it('hardens a pod whose RuntimeClass says so, and no other', async () => {
    expect(await attempt({ name: 'hardened', handler: 'secure' })).toMatchObject(ALONE);
    expect(await attempt({ name: 'other', handler: '' })).toMatchObject({ Seccomp_filters: '0' });
    const decisions = machine.decisions();
    // The one that keeps the namespaces of the pod, and the one in it.
    expect(decisions.filter(({ command }) => command === 'create')).toMatchObject([
      { decision: 'allow', digest: machine.digest() },
      { decision: 'allow', digest: machine.digest() },
    ]);
  });

  it('limits it', async () => {
    const pod = { name: 'limited', handler: 'secure' };
    const sandbox = await cri.runPod(pod);
    const id = await cri.runContainer(pod, sandbox, sleeping);
    expect(await cri.exec(id, 'cat', limitFile('memory'), limitFile('pids'))).toBe(`${MEMORY}\n100\n`);
    await cri.removePod(sandbox);
  });

  const pod = { name: 'asking', handler: 'secure' };
  it.each<[string, Pod, Partial<Container>, string]>([
    ['the network of the host', { ...pod, network: 2 }, {}, 'engines.hostNamespaces'],
    ['the processes of the host', { ...pod, pid: 2 }, {}, 'engines.hostNamespaces'],
    ['everything', { ...pod, privileged: true }, { privileged: true }, 'engines.devices'],
    ['the root of the host', pod, { mounts: [['/', '/host']] }, 'binds.deny'],
    ["the kubelet's certificates", pod, { mounts: [['/var/lib/kubelet/pki', '/host']] }, 'binds.deny'],
    ["the engine's socket", pod, { mounts: [['/run/containerd/containerd.sock', '/s']] }, 'binds.deny'],
    ['one capability', pod, { add: ['SYS_ADMIN'] }, 'capabilities'],
  ])('refuses %s', async (_, asking, container, control) => {
    await machine.host.sh('mkdir -p /var/lib/kubelet/pki');
    expect(await attempt(asking, { ...sleeping, ...container })).toContain(`run.${control}`);
    const plain = await attempt({ ...asking, handler: '' }, { ...sleeping, ...container });
    expect(plain, String(plain)).toHaveProperty('CapEff');
  });

  it('refuses every pod while the policy is not whole', async () => {
    await machine.spoiled('printf X | dd of="$P" bs=1 seek=40 conv=notrunc status=none', async () => {
      expect(await attempt(pod)).toContain('its digest is another');
    });
    await machine.spoiled('rm "$D/current"', async () => {
      expect(await attempt(pod)).toContain('there is no policy');
    });
    expect(await attempt(pod)).toMatchObject(ALONE);
  });

  it('could not be a drop-in: the rest of the section would be lost', async () => {
    const { host } = machine;
    await host.sh('mkdir /run/drop; cp /etc/containerd/config.toml /run/drop/part; cat > /run/drop/main', CONFIG);
    await host.sh('sed -i "/bin_dir/d" /run/drop/part; sed -i "1a imports = [\\"/run/drop/part\\"]" /run/drop/main');
    const dumped = await host.sh('containerd --config /run/drop/main config dump');
    expect(dumped).toContain('runtimes.secure]');
    expect(dumped).not.toContain('bin_dir = "/usr/lib/cni"');
    expect(await host.sh('containerd config dump')).toContain('bin_dir = "/usr/lib/cni"');
  });

  it('hardens what ctr is told to run on it', async () => {
    const words = ['-n', 'k8s.io', 'run', '--rm', '--runc-binary', LINK, IMAGE];
    const ran = await ctr(...words, 'by-ctr', 'cat', '/proc/self/status');
    expect(statusOf(ran.stdout), ran.stderr).toMatchObject(ALONE);
    const refused = await ctr(...words.slice(0, -1), '--privileged', IMAGE, 'privileged', 'echo', 'in');
    expect(refused.stdout).not.toContain('in\n');
    expect(refused.stderr).toContain('run.capabilities');
  });

  it('hardens every pod when it is the default, until that is undone', async () => {
    expect(await machine.install('containerd', '--default')).toMatchObject({ code: 0 });
    await restart();
    const sandbox = await cri.runPod({ name: 'usual', handler: '' });
    const id = await cri.runContainer({ name: 'usual', handler: '' }, sandbox, sleeping);
    expect(statusOf(await cri.exec(id, 'cat', '/proc/1/status'))).toMatchObject(ALONE);
    const first = await machine.install('containerd', '--undo');
    expect(first.stderr).toContain('the runtime stays for 1 container of containerd');
    await restart();
    expect(await attempt({ name: 'plain', handler: '' })).toMatchObject({ Seccomp_filters: '0' });
    expect(await cri.exec(id, 'echo', 'in')).toBe('in\n');
    await cri.removePod(sandbox);
    expect(await machine.install('containerd', '--undo')).toMatchObject({ code: 0, stderr: '' });
    expect(machine.host.text('/etc/containerd/config.toml')).toBe(CONFIG);
    expect(machine.host.text(LINK)).toBeNull();
    await restart();
    expect(await attempt(pod)).toContain('no runtime for "secure"');
    expect(await attempt({ name: 'plain', handler: '' })).toMatchObject({ Seccomp_filters: '0' });
  });
});
