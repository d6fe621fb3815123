// SPDX-License-Identifier: Apache-2.0
// Debian's dockerd in its usual places: the policy is put underneath it, holds, and is taken away again.
import type { ChildProcess } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineFixture } from '../support/engine.ts';
import { type PolicyEngine, policyChecks } from '../support/engine-policy-checks.ts';
import { HARDENED, LINK, SecureHost, statusOf } from '../support/engine-secure.ts';
import { cannotRun, until } from '../support/secure.ts';

const DAEMON = `{
    "storage-driver": "overlay2",
    "bridge": "none", "iptables": false,
    "exec-opts": ["native.cgroupdriver=cgroupfs"]
}
`;

describe.skipIf(cannotRun())('dockerd with a policy underneath', () => {
  let fixture: EngineFixture;
  let machine: SecureHost;
  let daemon: ChildProcess;
  let engine: PolicyEngine;
  const docker = (...args: readonly string[]) => machine.host.run('docker', args);
  const start = async (...flags: readonly string[]) => {
    const log = openSync(join(machine.directory, 'log'), 'a');
    daemon = machine.host.spawn('dockerd', flags, { stdio: ['ignore', log, log] });
    await until('dockerd answers', async () => (await docker('info')).code === 0, 40);
  };
  const stop = async () => {
    // After a test that failed it may have ended.
    if (daemon.exitCode !== null) return;
    const ended = new Promise((resolve) => daemon.once('close', resolve));
    await machine.host.sh('kill $(cat /run/docker.pid)');
    await ended;
  };
  const defaultRuntime = async () => (await docker('info', '-f', '{{.DefaultRuntime}}')).stdout.trim();
  const status = async (...options: readonly string[]) =>
    statusOf(
      (await docker('run', '--rm', '--network', 'none', ...options, 'busybox', 'cat', '/proc/self/status')).stdout,
    );

  beforeAll(async () => {
    fixture = new EngineFixture('docker');
    machine = await SecureHost.create();
    await machine.host.sh('mkdir -p /etc/docker /run/plain; ln -s / /run/plain/link; : > /run/plain/docker.sock');
    await machine.host.sh('cat > /etc/docker/daemon.json', DAEMON);
    await start();
    expect(await docker('import', SecureHost.archive(fixture), 'busybox')).toMatchObject({ code: 0 });
    engine = { machine, options: ['--network', 'none'], remove: ['rm', '-f'], run: docker };
    expect(await status()).toMatchObject({ NoNewPrivs: '0', Seccomp_filters: '1' });
    const installed = await machine.install('docker', '--default', '--policy', '/etc/secure/engines.yaml');
    expect(installed).toMatchObject({ code: 0 });
    expect(installed.stdout).toContain('next: systemctl reload docker\n');
    await machine.host.sh('kill -HUP $(cat /run/docker.pid)');
    await until('the default is ours', async () => (await defaultRuntime()) === 'secure');
  }, 120_000);
  afterAll(async () => {
    await stop();
    await machine.destroy();
    expect(await fixture.destroy()).toEqual([]);
  });

  policyChecks(() => engine);

  it('is a choice of whoever may talk to dockerd', async () => {
    expect(await status('--runtime', 'runc')).toMatchObject({ Seccomp_filters: '1' });
    expect(await status('--runtime', 'secure')).toMatchObject(HARDENED);
  });

  it('is taken away again, at last when no container needs it', async () => {
    expect((await docker('run', '-d', '--network', 'none', '--name', 'last', 'busybox', 'sleep', '1000')).code).toBe(0);
    const first = await machine.install('docker', '--undo');
    expect(first.code).toBe(0);
    expect(first.stderr).toContain('the runtime stays for 1 container of docker');
    expect(JSON.parse(machine.host.text('/etc/docker/daemon.json') ?? '')).toMatchObject({
      runtimes: { secure: { path: LINK } },
    });
    await machine.host.sh('kill -HUP $(cat /run/docker.pid)');
    expect((await docker('exec', 'last', 'echo', 'in')).stdout).toBe('in\n');
    expect((await docker('rm', '-f', 'last')).code).toBe(0);
    const second = await machine.install('docker', '--undo');
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(second.stdout).toContain('next: systemctl restart docker\n');
    expect(machine.host.text('/etc/docker/daemon.json')).toBe(DAEMON);
    expect(machine.host.text(LINK)).toBeNull();
    await stop();
    await start();
    expect(await defaultRuntime()).toBe('runc');
    expect(await status()).toMatchObject({ NoNewPrivs: '0', Seccomp_filters: '1' });
  });

  it('is not put where dockerd would not start again, or would not look', { timeout: 120_000 }, async () => {
    const { host } = machine;
    await stop();
    await start('--add-runtime', 'secure=/usr/sbin/runc', '--default-runtime=secure');
    expect((await machine.install('docker')).stderr).toMatch(
      /ENGINE_CONFLICT: .*dockerd runs with --add-runtime secure/,
    );
    await stop();
    await start('--add-runtime', 'other=/usr/sbin/runc', '--default-runtime=other');
    const refused = await machine.install('docker', '--default');
    expect(refused.stderr).toMatch(/ENGINE_CONFLICT: .*dockerd runs with --default-runtime/);
    expect(host.text('/etc/docker/daemon.json')).toBe(DAEMON);
    await stop();
    // What would happen otherwise.
    await host.sh('echo \'{"default-runtime": "runc"}\' > /run/both.json');
    const flags = ['--config-file', '/run/both.json', '--default-runtime', 'runc'];
    const both = await host.run('timeout', ['20', 'dockerd', ...flags]);
    expect(both.stderr).toContain('specified both as a flag and in the configuration file: default-runtime');
    await host.sh('cp /etc/docker/daemon.json /etc/docker/own.json');
    await start('--config-file', '/etc/docker/own.json');
    expect((await machine.install('docker')).stderr).toContain('name it: --config /etc/docker/own.json');
    expect(await machine.install('docker', '--config', '/etc/docker/own.json')).toMatchObject({ code: 0 });
    await host.sh('kill -HUP $(cat /run/docker.pid)');
    await until('it is known', async () => (await docker('info')).stdout.includes(' secure'));
    expect(await status('--runtime', 'secure')).toMatchObject(HARDENED);
    expect(await machine.install('docker', '--undo')).toMatchObject({ code: 0 });
    expect(host.text('/etc/docker/own.json')).toBe(DAEMON);
  });
});
