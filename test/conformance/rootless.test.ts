// SPDX-License-Identifier: Apache-2.0
// The commands of the OCI runtime by a user without any right, who owns the bundle.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { Bundle, type Config } from '../support/bundle.ts';
import { cannotRun } from '../support/secure.ts';

const NOBODY = 65534;

describe.skipIf(cannotRun())('without root', () => {
  let bundle: Bundle;
  let program: string;
  beforeEach(() => {
    bundle = new Bundle();
    chmodSync(bundle.directory, 0o755);
    program = join(bundle.directory, 'secure-runtime');
    cpSync(runtimeBinary(), program);
    mkdirSync(join(bundle.directory, 'run'));
    spawnSync('chown', ['-hR', `${NOBODY}:${NOBODY}`, bundle.directory]);
  });
  afterEach(() => {
    as('delete', '--force', bundle.id);
    bundle.remove();
  });

  /** A container that goes on would hold the pipes. */
  function as(...args: readonly string[]) {
    const quiet = args[0] === 'create';
    const { status, stdout, stderr } = spawnSync(
      '/usr/bin/setpriv',
      [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', program, ...args],
      {
        encoding: 'utf8',
        env: { XDG_RUNTIME_DIR: join(bundle.directory, 'run'), PATH: '/nowhere' },
        stdio: ['ignore', quiet ? 'ignore' : 'pipe', quiet ? 'ignore' : 'pipe'],
        timeout: 20_000,
      },
    );
    return { code: status, stdout, stderr };
  }
  const rootless = (config: Config) => {
    config.linux.namespaces = ['pid', 'ipc', 'uts', 'mount', 'user'].map((type) => ({ type }));
    Object.assign(config.linux, {
      uidMappings: [{ containerID: 0, hostID: NOBODY, size: 1 }],
      gidMappings: [{ containerID: 0, hostID: NOBODY, size: 1 }],
      resources: undefined,
    });
    config.mounts = config.mounts.filter(({ destination }) => destination !== '/sys');
  };

  it('a container runs as root of its own namespace, which is the caller outside', () => {
    const { code, stdout, stderr } =
      (bundle.write(['sh', '-c', 'cat /proc/self/uid_map /proc/self/setgroups; stat -c %u /proc/1'], rootless),
      as('run', '--bundle', bundle.directory, bundle.id));
    expect([code, stderr]).toEqual([0, '']);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.trim().replace(/\s+/g, ' ')),
    ).toEqual([`0 ${NOBODY} 1`, 'deny', '0']);
  });

  it('create, start, exec, kill and delete work as they do for root', () => {
    bundle.write(['sleep', '100'], rootless);
    expect(as('create', '--bundle', bundle.directory, bundle.id).code).toBe(0);
    expect(JSON.parse(as('state', bundle.id).stdout)).toMatchObject({ status: 'created' });
    expect(as('start', bundle.id)).toMatchObject({ code: 0, stderr: '' });
    expect(as('exec', bundle.id, 'cat', '/proc/1/comm')).toMatchObject({ code: 0, stdout: 'sleep\n' });
    expect(as('kill', bundle.id, 'KILL').code).toBe(0);
    while (JSON.parse(as('state', bundle.id).stdout).status !== 'stopped') {
      // it ends
    }
    expect(as('delete', bundle.id)).toMatchObject({ code: 0, stderr: '' });
  });

  it("devices are the host's, and no others", () => {
    bundle.write(
      ['sh', '-c', 'echo x > /dev/null && cat /dev/zero | head -c 1 | wc -c; mknod /dev/sda b 8 0 || echo refused'],
      rootless,
    );
    const { stdout } = as('run', '--bundle', bundle.directory, bundle.id);
    expect(stdout).toContain('refused');
  });

  it.each([
    [
      'no user namespace',
      (config: Config) => {
        config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'user');
        Object.assign(config.linux, { uidMappings: undefined, gidMappings: undefined });
      },
      'CONFIG_INVALID',
    ],
    [
      'ids that nobody granted',
      (config: Config) => {
        Object.assign(config.linux, { uidMappings: [{ containerID: 0, hostID: 0, size: 1 }] });
      },
      'USERNS_FAILED',
    ],
    [
      'a limit, for which it has no cgroup',
      (config: Config) => {
        config.linux.resources = { memory: { limit: 100_000_000 } };
      },
      'CONTROLLER_MISSING',
    ],
  ])('%s is refused with a reason', (_, change, expected) => {
    bundle.write(['true'], (config) => {
      rootless(config);
      change(config);
    });
    const { code, stderr } = as('run', '--bundle', bundle.directory, bundle.id);
    expect([code, /error ([A-Z_]+)/.exec(stderr)?.[1]]).toEqual([1, expected]);
  });
});
