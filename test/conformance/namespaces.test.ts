// SPDX-License-Identifier: Apache-2.0
// runtime-spec 1.3, config-linux.md#namespaces: made new, joined by path, left out.
import { type ChildProcess, spawn } from 'node:child_process';
import { readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../support/bundle.ts';
import { Lifecycle } from '../support/lifecycle.ts';
import { cannotRun } from '../support/secure.ts';

const FILES = {
  pid: 'pid',
  network: 'net',
  mount: 'mnt',
  ipc: 'ipc',
  uts: 'uts',
  user: 'user',
  cgroup: 'cgroup',
} as const;
type Type = keyof typeof FILES;
const TYPES = Object.keys(FILES) as Type[];
const code = (text: string): string | undefined => /error ([A-Z_]+)/.exec(text)?.[1];

describe.skipIf(cannotRun())('config-linux.md#namespaces', () => {
  let container: Lifecycle;
  let other: ChildProcess | undefined;
  beforeEach(() => {
    container = new Lifecycle();
  });
  afterEach(() => {
    other?.kill('SIGKILL');
    other = undefined;
    container.remove();
  });

  const inside = (type: Type) => readlinkSync(`/proc/${container.state().pid}/ns/${FILES[type]}`);
  const own = (type: Type) => readlinkSync(`/proc/self/ns/${FILES[type]}`);
  const set = (type: Type, path?: string) => (config: Config) => {
    config.linux.namespaces = config.linux.namespaces.filter((one) => one.type !== type);
    config.linux.namespaces.push({ type, ...(path === undefined ? {} : { path }) });
  };
  const without = (type: Type) => (config: Config) => {
    config.linux.namespaces = config.linux.namespaces.filter((one) => one.type !== type);
  };

  /** A process with a namespace of its own; its pid as the host sees it. */
  async function holder(flag: string): Promise<number> {
    other = spawn(
      'unshare',
      [flag, ...(flag === '--pid' ? ['--fork', '--kill-child'] : []), 'sh', '-c', 'echo ready; exec sleep 1000'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await new Promise((resolve) => other?.stdout?.once('data', resolve));
    return other.pid as number;
  }
  const FLAGS: Record<Exclude<Type, 'user'>, string> = {
    pid: '--pid',
    network: '--net',
    mount: '--mount',
    ipc: '--ipc',
    uts: '--uts',
    cgroup: '--cgroup',
  };

  it.each(TYPES.filter((type) => type !== 'user'))('%s without a path MUST be a new one', (type) => {
    container.create(['sleep', '100'], set(type));
    expect(inside(type)).not.toBe(own(type));
  });

  it.each(TYPES.filter((type) => type !== 'mount' && type !== 'user' && type !== 'pid'))(
    '%s that is not listed MUST be inherited',
    (type) => {
      container.create(['sleep', '100'], (config) => {
        without(type)(config);
        if (type === 'uts') delete config.hostname;
        if (type === 'network') config.mounts = config.mounts.filter(({ destination }) => destination !== '/sys');
      });
      expect(inside(type)).toBe(own(type));
    },
  );

  it('pid that is not listed MUST be inherited, and its end takes the other processes along', async () => {
    container.create(['sh', '-c', 'sleep 1000 & sleep 1000'], without('pid'));
    container.call('start', container.id);
    expect(inside('pid')).toBe(own('pid'));
    container.call('kill', container.id, 'KILL');
    await container.until('stopped');
    expect(container.call('delete', container.id).code).toBe(0);
  });

  it.each(Object.keys(FLAGS) as (keyof typeof FLAGS)[])('%s with a path MUST be that one', async (type) => {
    const pid = await holder(FLAGS[type]);
    const file = type === 'pid' ? 'pid_for_children' : FILES[type];
    container.create(['sleep', '100'], (config) => {
      set(type, `/proc/${pid}/ns/${file}`)(config);
      // A cgroup or network namespace of somebody else cannot be shown by the mounts of this config.
      config.mounts = config.mounts.filter(({ destination }) => destination !== '/sys');
    });
    expect(inside(type)).toBe(readlinkSync(`/proc/${pid}/ns/${file}`));
    expect(inside(type)).not.toBe(own(type));
    expect(container.call('start', container.id).stderr).toBe('');
  });

  it('user with a path MUST be that one, and all others of it', async () => {
    other = spawn('unshare', ['--user', 'sh', '-c', 'echo ready; exec sleep 1000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => other?.stdout?.once('data', resolve));
    for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${other.pid}/${map}`, '0 100000 65536\n');
    container.create(['sleep', '100'], (config) => {
      set('user', `/proc/${other?.pid}/ns/user`)(config);
    });
    expect(inside('user')).toBe(readlinkSync(`/proc/${other.pid}/ns/user`));
    expect(container.call('start', container.id).stderr).toBe('');
    expect(container.call('exec', container.id, 'cat', '/proc/self/uid_map').stdout).toMatch(
      /^\s+0\s+100000\s+65536$/m,
    );
  });

  it('a path of another type MUST generate an error', () => {
    container.write(['true'], set('network', '/proc/self/ns/uts'));
    expect(code(container.call('run', '--bundle', container.bundle.directory, container.id).stderr)).toBe(
      'NAMESPACE_INVALID',
    );
  });
  it.each(['/etc/passwd', '/dev/zero', '/nowhere', '/proc/self/ns'])('%s MUST generate an error', (path) => {
    container.write(['true'], set('network', path));
    expect(code(container.call('run', '--bundle', container.bundle.directory, container.id).stderr)).toBe(
      'NAMESPACE_INVALID',
    );
  });
  it('a relative path MUST generate an error', () => {
    container.write(['true'], set('network', 'proc/self/ns/net'));
    expect(code(container.call('run', '--bundle', container.bundle.directory, container.id).stderr)).toBe(
      'CONFIG_INVALID',
    );
  });
  it('a type that is listed twice MUST generate an error', () => {
    container.write(['true'], (config) => {
      config.linux.namespaces.push({ type: 'uts' });
    });
    expect(code(container.call('run', '--bundle', container.bundle.directory, container.id).stderr)).toBe(
      'CONFIG_INVALID',
    );
  });

  it('a link to a namespace is one, as network tools make them', async () => {
    const pid = await holder('--net');
    const link = join(container.bundle.directory, 'net');
    symlinkSync(`/proc/${pid}/ns/net`, link);
    container.create(['sleep', '100'], (config) => {
      set('network', link)(config);
      config.mounts = config.mounts.filter(({ destination }) => destination !== '/sys');
    });
    expect(inside('network')).toBe(readlinkSync(`/proc/${pid}/ns/net`));
  });
});
