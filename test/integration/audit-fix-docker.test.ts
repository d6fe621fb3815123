// SPDX-License-Identifier: Apache-2.0
// A machine with Debian's dockerd is repaired: the kernel has the settings of its network, files are closed, and dockerd starts with what
// was written.
import type { ChildProcess } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EngineFixture } from '../support/engine.ts';
import { SecureHost } from '../support/engine-secure.ts';
import { cannotRun, until } from '../support/secure.ts';

const DAEMON = '{\n  "storage-driver": "vfs",\n  "log-opts": {"max-size": "-1"}\n}\n';
/** Of the network, which is the machine's own; other settings of the kernel are those of the host that the test runs on. */
const NETWORK = { 'all/accept_redirects': '0', 'default/accept_redirects': '0', 'all/accept_source_route': '0' };
const DOCKER = ['0030', '0037', '0038', '0039', '0042', '0049'];
const ONLY = ['0010', '0025', ...DOCKER].flatMap((id) => ['--only', `SEC-HOST-${id}`]);

describe.skipIf(cannotRun())('a machine with dockerd', () => {
  let machine: SecureHost;
  let fixture: EngineFixture;
  let daemon: ChildProcess | undefined;
  const failed = async (): Promise<string[]> => {
    const { stdout } = await machine.secure('audit', 'host', '--json');
    const [host] = JSON.parse(stdout).audited as { results: { id: string; status: string }[] }[];
    return (host?.results ?? []).filter(({ status }) => status === 'fail').map(({ id }) => id.slice(-4));
  };
  const start = async (...flags: string[]): Promise<void> => {
    const log = openSync(join(machine.directory, 'log'), 'a');
    daemon = machine.host.spawn('dockerd', flags, { stdio: ['ignore', log, log] });
    await until('dockerd answers', async () => (await machine.host.run('docker', ['info'])).code === 0, 60);
  };
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => daemon?.once('close', resolve));
    await machine.host.sh('kill "$(cat /run/docker.pid)"');
    await ended;
    daemon = undefined;
  };

  beforeAll(async () => {
    fixture = new EngineFixture('docker');
    machine = await SecureHost.create();
    await machine.host.sh('mkdir -p /etc/docker; cat > /etc/docker/daemon.json', DAEMON);
    await machine.host.sh(
      'chmod 666 /etc/docker/daemon.json; for f in /proc/sys/net/ipv4/conf/*/accept_redirects; do echo 1 > $f; done',
    );
  }, 120_000);
  afterEach(async () => {
    if (daemon !== undefined) await stop();
  });
  afterAll(async () => {
    await machine.destroy();
    expect(await fixture.destroy()).toEqual([]);
  });

  it('is repaired, and dockerd starts with it', { timeout: 180_000 }, async () => {
    const before = await failed();
    for (const id of ['0010', '0025', ...DOCKER]) expect(before).toContain(id);
    const { stderr } = await machine.secure('audit', 'host', '--fix-all', ...ONLY);
    expect(stderr).toContain('how to undo it: ');
    expect(stderr).not.toContain('still found');
    const after = await failed();
    for (const id of ['0010', '0025', ...DOCKER]) expect(after).not.toContain(id);
    for (const [name, value] of Object.entries(NETWORK))
      expect(await machine.host.sh(`cat /proc/sys/net/ipv4/conf/${name}`)).toBe(`${value}\n`);
    const dropIn = machine.host.text('/etc/sysctl.d/60-secure.conf') ?? '';
    expect(dropIn).toContain('net.ipv4.conf.all.accept_redirects = 0\n');
    // Setting them by the file is the same.
    await machine.host.sh(
      'echo 1 > /proc/sys/net/ipv4/conf/all/accept_redirects; sysctl -q -p /etc/sysctl.d/60-secure.conf',
    );
    expect(await machine.host.sh('cat /proc/sys/net/ipv4/conf/all/accept_redirects')).toBe('0\n');
    await start();
    const info = JSON.parse(await machine.host.sh("docker info --format '{{json .}}'")) as Record<string, unknown>;
    expect(info).toMatchObject({ LiveRestoreEnabled: true, LoggingDriver: 'json-file', Driver: 'vfs' });
    await machine.host.sh(`docker import ${SecureHost.archive(fixture)} busybox`);
    const status = ['run', '--rm', '--network', 'none', 'busybox', 'grep', 'NoNewPrivs', '/proc/self/status'];
    expect(await machine.host.run('docker', status)).toEqual({ code: 0, stdout: 'NoNewPrivs:\t1\n', stderr: '' });
  });

  it('with a flag that says the same dockerd would not start: nothing is written', { timeout: 180_000 }, async () => {
    await machine.host.sh('cat > /etc/docker/daemon.json', DAEMON);
    await start('--icc=true');
    const { stderr } = await machine.secure('audit', 'host', '--fix-all', '--only', 'SEC-HOST-0030');
    expect(stderr).toContain('dockerd has icc on its command line');
    expect(machine.host.text('/etc/docker/daemon.json')).toBe(DAEMON);
    await stop();
    // It is so: what the test is about.
    await machine.host.sh('cat > /etc/docker/daemon.json', '{"storage-driver": "vfs", "icc": false}');
    const { code, stderr: said } = await machine.host.run('dockerd', ['--icc=true']);
    expect([code, said]).toEqual([
      1,
      expect.stringContaining('specified both as a flag and in the configuration file: icc'),
    ]);
  });
});
