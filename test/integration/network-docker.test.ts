// SPDX-License-Identifier: Apache-2.0
// A host that somebody else filters: dockerd has set the policy of FORWARD to DROP. A second network namespace is the outside.
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Docker } from '../support/docker.ts';
import { NetNs } from '../support/netns.ts';
import { cannotRun, Secure, until } from '../support/secure.ts';

const [HOST, OUTSIDE] = ['198.51.100.1', '198.51.100.2'];

describe.skipIf(cannotRun())('beside dockerd, whose FORWARD policy is DROP', () => {
  let netns: NetNs;
  let outside: NetNs;
  let secure: Secure;
  let docker: Docker;
  let listener: ChildProcess;
  let firewall: string;

  /** Without counters and comments, which change by themselves. */
  const iptables = async () =>
    (await netns.output('iptables-save', '-t', 'filter')).replaceAll(/^#.*\n|\[\d+:\d+\]/gm, '');

  const get = (from: NetNs, url: string) => from.run('curl', ['-sfm', '2', url]);

  beforeAll(async () => {
    [netns, outside] = [await NetNs.create(), await NetNs.create()];
    secure = await Secure.create({ netns });
    await netns.sh(`
      ip link add uplink type veth peer name eth0 netns ${outside.pid}
      ip addr add ${HOST}/24 dev uplink && ip link set uplink up`);
    await outside.sh(`ip addr add ${OUTSIDE}/24 dev eth0 && ip link set eth0 up`);
    listener = outside.spawn('busybox', ['nc', '-ll', '-p', '7000', '-e', 'echo', 'from outside'], { stdio: 'ignore' });
    docker = await Docker.start(netns, join(secure.root, 'docker'));
    firewall = await iptables();
  });
  afterAll(async () => {
    await secure.destroy();
    await docker.stop();
    listener.kill('SIGKILL');
    await netns.destroy();
    await outside.destroy();
  });

  it('is a host that drops what it forwards', () => {
    expect(firewall).toMatch(/^:FORWARD DROP/m);
    expect(firewall).toMatch(/^-A FORWARD -j DOCKER-USER/m);
  });

  it('reaches the published port from outside, and the outside from a container that may', async () => {
    const site = ['sh', '-c', 'echo published > /tmp/index.html; exec httpd -f -p 80 -h /tmp'];
    const id = await secure.detached('-p', '0.0.0.0:8080:80', 'busybox', ...site);
    await until('the page is served', async () => (await get(netns, `http://${HOST}:8080/`)).code === 0);
    expect((await get(outside, `http://${HOST}:8080/`)).stdout).toBe('published\n');
    const there = await secure.run('run', '--rm', 'busybox', 'nc', '-w', '3', OUTSIDE, '7000');
    expect(there).toMatchObject({ code: 0, stdout: 'from outside\n' });
    // Only what was published: not the container's own address, although the outside could route to it.
    const plan = await secure.json('inspect', id);
    const { address4 } = (plan.plan as { secure: { network: { address4: string } } }).secure.network;
    await outside.sh(`ip route replace default via ${HOST}`);
    expect((await get(outside, `http://${address4}:80/`)).code).not.toBe(0);
    expect((await secure.run('rm', '-f', id)).code).toBe(0);
  });

  it('lets a strict container be reached, and not reach out', async () => {
    const site = ['sh', '-c', 'echo strict > /tmp/index.html; exec httpd -f -p 80 -h /tmp'];
    const published = ['--profile', 'strict', '--trust', '-p', '127.0.0.1:8081:80'];
    const id = await secure.detached(...published, 'busybox', ...site);
    await until('the page is served', async () => (await get(netns, 'http://127.0.0.1:8081/')).code === 0);
    const out = await secure.run('exec', id, 'nc', '-w', '3', OUTSIDE, '7000');
    expect(out.code).not.toBe(0);
    expect(out.stdout).toBe('');
    expect((await secure.run('rm', '-f', id)).code).toBe(0);
  });

  it('does not let a neighbour of the host reach what is published on loopback', async () => {
    const id = await secure.detached('-p', '127.0.0.1:8082:80', 'busybox', 'httpd', '-f', '-p', '80', '-h', '/etc');
    await until('it is served', async () => (await get(netns, 'http://127.0.0.1:8082/passwd')).code === 0);
    // A frame for 127.0.0.1 that comes in on the uplink: the classic hole of publishing by address translation.
    await outside.sh(`
      echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet
      ip addr del 127.0.0.1/8 dev lo
      ip route add 127.0.0.1/32 via ${HOST} src ${OUTSIDE}`);
    expect((await get(outside, 'http://127.0.0.1:8082/passwd')).code).not.toBe(0);
    expect((await secure.run('rm', '-f', id)).code).toBe(0);
  });

  it('leaves docker’s rules and the host’s devices as they were', async () => {
    expect(await iptables()).toBe(firewall);
    expect(await netns.devices()).toEqual(['docker0', 'lo', 'uplink'].sort());
    expect(await netns.output('nft', 'list', 'tables')).not.toMatch(/secure/);
  });
});
