// SPDX-License-Identifier: Apache-2.0
// config-linux.md#control-groups, and the commands that work on a container's groups. The limits are read back from the files
// of this kernel; what it lacks (v2 controllers) is for the lab.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { Bundle, type Config } from '../support/bundle.ts';

const FS = '/sys/fs/cgroup';
const v1 = existsSync(join(FS, 'memory/memory.limit_in_bytes'));
let bundle: Bundle;
let path: string;

const call = (args: string[], input = '') =>
  spawnSync(runtimeBinary(), args, { encoding: 'utf8', input, timeout: 30_000 });
const value = (controller: string, file: string) => readFileSync(join(FS, controller, path, file), 'utf8').trim();
const groups = () =>
  readdirSync(FS)
    .map((name) => join(FS, name, path))
    .filter((directory) => existsSync(directory));

/** A call that a container stays behind of: it would hold a pipe, and spawnSync would wait for its end. */
function calledAlone(args: readonly string[]) {
  const said = join(bundle.directory, 'stderr');
  const file = openSync(said, 'w');
  const { status } = spawnSync(runtimeBinary(), args, { stdio: ['ignore', 'ignore', file], timeout: 30_000 });
  closeSync(file);
  return { status, stderr: readFileSync(said, 'utf8') };
}

/** A container that waits, with these resources. */
function create(resources: Record<string, unknown>, change: (config: Config) => void = () => {}) {
  bundle.write(['sleep', '1000'], (config) => {
    config.linux.cgroupsPath = path;
    config.linux.resources = { devices: [{ allow: false, access: 'rwm' }], ...resources };
    change(config);
  });
  return calledAlone(['create', '--bundle', bundle.directory, bundle.id]);
}

function start(resources: Record<string, unknown>, change?: (config: Config) => void) {
  const made = create(resources, change);
  expect(made.stderr).toBe('');
  expect(call(['start', bundle.id]).stderr).toBe('');
}

beforeEach(() => {
  bundle = new Bundle();
  path = `/secure-test-conformance-${process.pid}/${bundle.id}`;
});
afterEach(() => {
  call(['delete', '--force', bundle.id]);
  bundle.remove();
  expect(groups()).toEqual([]);
});

describe.skipIf(!v1)('config-linux.md#control-groups', () => {
  it('cgroupsPath: an absolute path MUST be relative to the cgroups mount point', () => {
    start({});
    const pid = JSON.parse(call(['state', bundle.id]).stdout).pid;
    const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
    expect(lines.map((line) => line.split(':')[2])).toEqual(lines.map(() => path));
  });

  it('cgroupsPath: a relative path is one below the same place every time', () => {
    const relative = path.slice(1);
    start({}, (config) => {
      config.linux.cgroupsPath = relative;
    });
    expect(groups().length).toBeGreaterThan(0);
  });

  it('cgroupsPath: a group with processes in it is refused, and they live on', () => {
    start({});
    const other = new Bundle();
    const mine = bundle;
    bundle = other;
    const second = create({});
    bundle = mine;
    call(['delete', '--force', other.id]);
    other.remove();
    expect(second.status).not.toBe(0);
    expect(second.stderr).toContain('has processes in it');
    expect(JSON.parse(call(['state', bundle.id]).stdout).status).toBe('running');
  });

  it('memory: limit, reservation, swap, swappiness and disableOOMKiller', () => {
    start({
      memory: { limit: 33554432, reservation: 16777216, swap: 67108864, swappiness: 3, disableOOMKiller: true },
    });
    expect(value('memory', 'memory.limit_in_bytes')).toBe('33554432');
    expect(value('memory', 'memory.soft_limit_in_bytes')).toBe('16777216');
    expect(value('memory', 'memory.memsw.limit_in_bytes')).toBe('67108864');
    expect(value('memory', 'memory.swappiness')).toBe('3');
    expect(value('memory', 'memory.oom_control')).toContain('oom_kill_disable 1');
  });

  it('cpu: shares, quota, period, burst, cpus and mems', () => {
    start({ cpu: { shares: 512, quota: 50000, period: 200000, burst: 10000, cpus: '0', mems: '0' } });
    expect(value('cpu', 'cpu.shares')).toBe('512');
    expect(value('cpu', 'cpu.cfs_quota_us')).toBe('50000');
    expect(value('cpu', 'cpu.cfs_period_us')).toBe('200000');
    expect(value('cpu', 'cpu.cfs_burst_us')).toBe('10000');
    expect(value('cpuset', 'cpuset.cpus')).toBe('0');
    expect(value('cpuset', 'cpuset.mems')).toBe('0');
  });

  it.each([
    [{ pids: { limit: 9 } }, '9'],
    [{ pids: { limit: -1 } }, 'max'],
    [{ pids: { limit: 0 } }, '1'],
  ])('pids: %j', (resources, expected) => {
    start(resources);
    expect(value('pids', 'pids.max')).toBe(expected);
  });

  it.each([
    [{ unified: { 'memory.max/x': '1' } }, 'must be a file name'],
    [{ unified: { 'nothing.max': '1' } }, 'controller `nothing`'],
    [{ rdma: { mlx: { hcaHandles: 1 } } }, 'controller `rdma`'],
    [{ network: { classID: 1 } }, 'controller `net_cls`'],
    [{ blockIO: { throttleReadBpsDevice: [{ major: 4095, minor: 9, rate: 1 }] } }, 'blkio.throttle.read_bps_device'],
    [{ hugepageLimits: [{ pageSize: '3MB', limit: 1 }] }, 'hugetlb'],
    [{ cpu: { cpus: '4096' } }, 'cpuset.cpus'],
    [{ cpu: { period: 100 } }, 'cpu.cfs_period_us'],
  ])('a limit that cannot be had MUST be an error: %j', (resources, message) => {
    const made = create(resources);
    expect(made.status).not.toBe(0);
    expect(made.stderr).toContain(message);
  });
});

describe.skipIf(!v1)('update', () => {
  it('changes what it names, keeps the rest, and later commands see it', () => {
    start({ memory: { limit: 33554432 }, cpu: { quota: 50000, period: 100000 }, pids: { limit: 20 } });
    expect(call(['update', bundle.id, '--memory', '64M', '--cpu-period', '200000', '--pids-limit', '-1']).stderr).toBe(
      '',
    );
    expect(value('memory', 'memory.limit_in_bytes')).toBe('67108864');
    expect(value('cpu', 'cpu.cfs_quota_us')).toBe('50000');
    expect(value('cpu', 'cpu.cfs_period_us')).toBe('200000');
    expect(value('pids', 'pids.max')).toBe('max');
    const change = { memory: { limit: 30 << 20, swap: 50 << 20 }, cpu: { shares: 200 } };
    expect(call(['update', '--resources', '-', bundle.id], JSON.stringify(change)).stderr).toBe('');
    expect(value('memory', 'memory.memsw.limit_in_bytes')).toBe(String(50 << 20));
    // Raised beyond what both were together before.
    expect(call(['update', '--memory', '60M', '--memory-swap', '80M', bundle.id]).stderr).toBe('');
    expect(value('memory', 'memory.limit_in_bytes')).toBe(String(60 << 20));
    expect(value('memory', 'memory.memsw.limit_in_bytes')).toBe(String(80 << 20));
    expect(value('cpu', 'cpu.shares')).toBe('200');
    expect(call(['update', '--memory=-1', bundle.id]).stderr).toBe('');
    expect(Number(value('memory', 'memory.memsw.limit_in_bytes'))).toBeGreaterThan(2 ** 60);
  });

  it('takes a file, and gives other device rules', () => {
    start({}, (config) => {
      (config.linux as Record<string, unknown>).devices = [];
    });
    const file = join(bundle.directory, 'resources.json');
    writeFileSync(
      file,
      JSON.stringify({ devices: [{ allow: false }, { allow: true, type: 'c', major: 10, minor: 229, access: 'rw' }] }),
    );
    expect(call(['update', '-r', file, bundle.id]).stderr).toBe('');
    expect(value('devices', 'devices.list')).toContain('c 10:229 rw');
  });

  it.each([[['--memory', '1x']], [['--cpu-quota', '']], [['--cpu-shares-of', '1']], [['--l3-cache-schema', 'L3:0=f']]])(
    '%j is refused or changes nothing',
    (args) => {
      start({ pids: { limit: 20 } });
      const result = call(['update', ...args, bundle.id]);
      if (args[1] !== '') expect(result.status).not.toBe(0);
      expect(value('pids', 'pids.max')).toBe('20');
    },
  );

  it('checkBeforeUpdate MUST reject a limit below the usage', () => {
    start({ memory: { limit: 67108864 } });
    const change = JSON.stringify({ memory: { limit: 4096, checkBeforeUpdate: true } });
    const result = call(['update', '-r', '-', bundle.id], change);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('rejecting memory limit 4096 <= usage');
    expect(value('memory', 'memory.limit_in_bytes')).toBe('67108864');
  });
});

describe.skipIf(!v1)('pause, resume, ps and events', () => {
  const status = () => JSON.parse(call(['state', bundle.id]).stdout).status;

  it('pause stops every process and resume lets them go on', () => {
    start({});
    expect(call(['resume', bundle.id]).stderr).toContain('container not paused');
    expect(call(['pause', bundle.id]).stderr).toBe('');
    expect(status()).toBe('paused');
    expect(value('freezer', 'freezer.state')).toBe('FROZEN');
    expect(call(['update', '--pids-limit', '5', bundle.id]).stderr).toBe('');
    expect(call(['resume', bundle.id]).stderr).toBe('');
    expect(status()).toBe('running');
    expect(value('freezer', 'freezer.state')).toBe('THAWED');
  });

  it('a paused container can be killed and deleted', () => {
    start({});
    expect(call(['pause', bundle.id]).stderr).toBe('');
    expect(call(['delete', '--force', bundle.id]).stderr).toBe('');
    expect(groups()).toEqual([]);
  });

  it('ps lists the processes of the container alone', () => {
    start({});
    const { pid } = JSON.parse(call(['state', bundle.id]).stdout);
    expect(JSON.parse(call(['ps', '--format', 'json', bundle.id]).stdout)).toEqual([pid]);
    const lines = call(['ps', bundle.id]).stdout.trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^UID +PID +PPID/);
    expect(lines[1]).toContain('sleep 1000');
    expect(call(['ps', bundle.id, '-e', '-o', 'pid,comm']).stdout).toMatch(/^ *PID COMMAND\n *\d+ sleep\n$/);
    expect(call(['ps', bundle.id, '-e', '-o', 'comm']).stderr).toContain("couldn't find PID field in ps output");
  });

  it('events --stats tells once what is used', () => {
    start({ pids: { limit: 20 }, memory: { limit: 33554432 } });
    const event = JSON.parse(call(['events', '--stats', bundle.id]).stdout);
    expect(event).toMatchObject({ type: 'stats', id: bundle.id, data: { pids: { current: 1, limit: 20 } } });
    expect(event.data.memory.usage).toMatchObject({ limit: 33554432 });
    expect(event.data.memory.usage.usage).toBeGreaterThan(0);
    expect(event.data.cpu.usage.total).toBeGreaterThan(0);
    expect(call(['events', '--interval', '0', bundle.id]).stderr).toContain('duration interval must be greater than 0');
  });

  it('events tells of the OOM killer and ends with the container', async () => {
    start({ memory: { limit: 16777216, swap: 16777216 } }, (config) => {
      config.process.args = ['sh', '-c', 'sleep 1; x=a; while :; do x=$x$x; done'];
    });
    const child = spawn(runtimeBinary(), ['events', '--interval', '100ms', bundle.id], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    const types = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).type);
    expect(code).toBe(0);
    expect(types).toContain('stats');
    expect(types).toContain('oom');
    expect(call(['pause', bundle.id]).stderr).toContain('container not running');
    expect(call(['update', '--pids-limit', '3', bundle.id]).stderr).toContain('container not running');
  });
});

describe('--cgroup-manager disabled', () => {
  it('makes no group, and refuses what needs one', () => {
    bundle.write(['sleep', '1000'], (config) => {
      config.linux.resources = { devices: [{ allow: false, access: 'rwm' }] };
    });
    const run = (...args: string[]) => calledAlone(['--cgroup-manager', 'disabled', ...args]);
    expect(run('create', '--bundle', bundle.directory, bundle.id).stderr).toBe('');
    const { pid } = JSON.parse(call(['state', bundle.id]).stdout);
    expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toBe(readFileSync('/proc/self/cgroup', 'utf8'));
    expect(call(['pause', bundle.id]).stderr).toContain('has no cgroup of its own');
    expect(call(['delete', '--force', bundle.id]).stderr).toBe('');
    bundle.write(['true'], (config) => {
      config.linux.resources = { pids: { limit: 5 } };
    });
    expect(run('run', '--bundle', bundle.directory, bundle.id).stderr).toContain('controller `pids`');
  });
});
