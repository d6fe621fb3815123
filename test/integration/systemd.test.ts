// SPDX-License-Identifier: Apache-2.0
// The systemd driver, against a program that speaks D-Bus as systemd does and makes real groups.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { Bundle, type Config } from '../support/bundle.ts';

const FS = '/sys/fs/cgroup';
const PARENT = 'secure-test-systemd';
const directory = mkdtempSync(join(tmpdir(), 'secure-systemd-'));
const log = join(directory, 'log');
let systemd: ChildProcess;
let bundle: Bundle;

beforeAll(async () => {
  const fake = join(import.meta.dirname, 'fixtures/fake-systemd.py');
  systemd = spawn('python3', [fake, join(directory, 'bus'), log], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => systemd.stdout?.once('data', resolve));
});
afterAll(() => {
  systemd.kill('SIGKILL');
  rmSync(directory, { recursive: true });
  for (const path of groups('')) rmdirSync(path);
});
beforeEach(() => {
  bundle = new Bundle();
});
afterEach(() => {
  call('delete', '--force', bundle.id);
  expect(groups(unit())).toEqual([]);
  bundle.remove();
});

const unit = () => `test-${bundle.id}.scope`;
const groups = (name: string) =>
  [FS, ...readdirSync(FS).map((one) => join(FS, one))]
    .map((one) => join(one, PARENT, name))
    .filter((one) => existsSync(one));
// A pipe would be held by the container that `create` leaves, and spawnSync would wait for its end.
function call(...args: string[]) {
  const said = join(directory, 'stderr');
  const file = openSync(said, 'w');
  const { status, stdout } = spawnSync(runtimeBinary(), ['--systemd-cgroup', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', args[0] === 'create' ? 'ignore' : 'pipe', file],
    timeout: 60_000,
    env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${join(directory, 'bus')}` },
  });
  closeSync(file);
  return { status, stdout, stderr: readFileSync(said, 'utf8') };
}
const asked = (member: string) =>
  readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(([name]) => name === member)
    .map(([, body]) => body);
function create(change: (config: Config) => void = () => {}) {
  bundle.write(['sleep', '1000'], (config) => {
    config.linux.cgroupsPath = `test.slice:test:${bundle.id}`;
    change(config);
  });
  return call('create', '--bundle', bundle.directory, bundle.id);
}

describe('the systemd driver', () => {
  it('makes a scope with the limits, joins its group everywhere, and stops it', () => {
    const made = create((config) => {
      config.linux.resources = {
        pids: { limit: 30 },
        memory: { limit: 67108864 },
        cpu: { quota: 50000, period: 100000 },
      };
    });
    expect(made.stderr).toBe('');
    const [name, mode, properties, others] = asked('StartTransientUnit').at(-1);
    expect([name, mode, others]).toEqual([unit(), 'fail', []]);
    expect(Object.fromEntries(properties)).toMatchObject({
      Slice: 'test.slice',
      Delegate: true,
      DefaultDependencies: false,
      TasksMax: 30,
      CPUQuotaPerSecUSec: 500000,
    });
    expect(call('start', bundle.id).stderr).toBe('');
    const state = JSON.parse(call('state', bundle.id).stdout);
    expect(state.status).toBe('running');
    // An engine beside this may have mounted further hierarchies, where only it sees them.
    const mounted = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.split(' ')[2] === 'cgroup')
      .flatMap((line) => (line.split(' ')[3] ?? '').split(','));
    const lines = readFileSync(`/proc/${state.pid}/cgroup`, 'utf8')
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('0::') || mounted.includes(line.split(':')[1]?.split(',')[0] ?? ''));
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.map((line) => line.split(':')[2])).toEqual(lines.map(() => `/${PARENT}/${unit()}`));
    // Only the container is left in it.
    expect(JSON.parse(call('ps', '--format', 'json', bundle.id).stdout)).toEqual([state.pid]);
    expect(call('update', '--pids-limit', '40', bundle.id).stderr).toBe('');
    expect(asked('SetUnitProperties').at(-1)).toEqual([unit(), true, [['TasksMax', 40]]]);
    expect(call('delete', '--force', bundle.id).stderr).toBe('');
    expect(asked('StopUnit').at(-1)).toEqual([unit(), 'replace']);
  });

  it('leaves no scope when the start fails', () => {
    expect(create((config) => Object.assign(config, { root: { path: 'nowhere' } })).status).not.toBe(0);
    expect(asked('StopUnit').at(-1)).toEqual([unit(), 'replace']);
  });

  it('says what systemd says', () => {
    const refused = create((config) => {
      config.linux.cgroupsPath = `test.slice:test:refused-${bundle.id}`;
    });
    expect(refused.stderr).toContain("with 'failed'");
    expect(
      create((config) => {
        config.linux.cgroupsPath = '/a/b';
      }).stderr,
    ).toContain('slice:prefix:name');
  });

  it('names the way out where there is no systemd', () => {
    bundle.write(['true'], () => {});
    const result = spawnSync(runtimeBinary(), ['--systemd-cgroup', 'run', '--bundle', bundle.directory, bundle.id], {
      encoding: 'utf8',
      env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/nowhere/bus' },
    });
    expect(result.stderr).toContain('--cgroup-manager cgroupfs');
  });
});
