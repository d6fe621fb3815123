// SPDX-License-Identifier: Apache-2.0
// Debian's podman in its usual places: the policy is put underneath it, holds, and is taken away again.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineFixture } from '../support/engine.ts';
import { type PolicyEngine, policyChecks } from '../support/engine-policy-checks.ts';
import { HARDENED, LINK, SecureHost, statusOf } from '../support/engine-secure.ts';
import { cannotRun } from '../support/secure.ts';

/** crun does not run on both versions of control groups at once. Limits can only be lowered here, and podman asks for more unless it is told. */
const CONTAINERS = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`;
const DROP_IN = '/etc/containers/containers.conf.d/99-secure.conf';

describe.skipIf(cannotRun())('podman with a policy underneath', () => {
  let fixture: EngineFixture;
  let machine: SecureHost;
  let engine: PolicyEngine;
  const podman = (...args: readonly string[]) => machine.host.run('podman', args);
  const status = async (...options: readonly string[]) =>
    statusOf(
      (await podman(...options, 'run', '--rm', '--network', 'none', 'busybox', 'cat', '/proc/self/status')).stdout,
    );

  beforeAll(async () => {
    fixture = new EngineFixture('libpod');
    machine = await SecureHost.create();
    await machine.host.sh('mkdir -p /etc/containers /run/plain; ln -s / /run/plain/link; : > /run/plain/docker.sock');
    await machine.host.sh('cat > /etc/containers/containers.conf', CONTAINERS);
    expect(await podman('import', '-q', SecureHost.archive(fixture), 'busybox')).toMatchObject({ code: 0 });
    engine = { machine, options: ['--network', 'none'], remove: ['rm', '-f', '-t', '0'], run: podman };
    expect(await status()).toMatchObject({ NoNewPrivs: '0', Seccomp_filters: '1' });
    const installed = await machine.install('podman', '--default', '--policy', '/etc/secure/engines.yaml');
    expect(installed).toMatchObject({ code: 0 });
    expect(installed.stdout).not.toContain('next:');
  }, 120_000);
  afterAll(async () => {
    await podman('rm', '-fa', '-t', '0');
    await machine.destroy();
    expect(await fixture.destroy()).toEqual([]);
  });

  policyChecks(() => engine);

  it('hardens the containers of a pod, and what is built', async () => {
    const pod = ['pod', 'create', '--name', 'pod', '--infra=false'];
    expect(await podman(...pod)).toMatchObject({ code: 0 });
    const ran = await podman('run', '--rm', '--pod', 'pod', 'busybox', 'cat', '/proc/self/status');
    expect(statusOf(ran.stdout), ran.stderr).toMatchObject(HARDENED);
    expect((await podman('pod', 'rm', '-f', 'pod')).code).toBe(0);
    const file = 'FROM localhost/busybox\nRUN cat /proc/self/status\n';
    await machine.host.sh('mkdir -p /run/build; cat > /run/build/Dockerfile', file);
    const built = await podman('build', '--no-cache', '--network', 'none', '/run/build');
    expect(built, built.stderr).toMatchObject({ code: 0 });
    expect(statusOf(built.stdout)).toMatchObject({ NoNewPrivs: '1', CapEff: HARDENED.CapEff });
  });

  it('is a choice of whoever may call podman', async () => {
    expect(await status('--runtime', 'runc')).toMatchObject({ Seccomp_filters: '1' });
    expect(await status('--runtime', 'secure')).toMatchObject(HARDENED);
  });

  it('is taken away again, at last when no container needs it', async () => {
    expect((await podman('run', '-d', '--network', 'none', '--name', 'last', 'busybox', 'sleep', '1000')).code).toBe(0);
    const first = await machine.install('podman', '--undo');
    expect(first.stderr).toContain('the runtime stays for 1 container of podman');
    expect(machine.host.text(DROP_IN)).not.toContain('\nruntime = ');
    expect(await status()).toMatchObject({ NoNewPrivs: '0', Seccomp_filters: '1' });
    expect((await podman('exec', 'last', 'echo', 'in')).stdout).toBe('in\n');
    expect((await podman('rm', '-f', '-t', '0', 'last')).code).toBe(0);
    expect(await machine.install('podman', '--undo')).toMatchObject({ code: 0, stderr: '' });
    expect([DROP_IN, LINK].map((path) => machine.host.text(path))).toEqual([null, null]);
    expect(machine.host.text('/etc/containers/containers.conf')).toBe(CONTAINERS);
    expect(await status()).toMatchObject({ NoNewPrivs: '0', Seccomp_filters: '1' });
  });
});
