// SPDX-License-Identifier: Apache-2.0
// SIGKILL at random points of run, stop and rm. What was reported as done stays done; what was not leaves at most
// garbage that `secure system prune` removes.
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { planOf, runtime, storePlan } from '../support/plan.ts';
import { random } from '../support/random.ts';
import { cannotRun, Secure } from '../support/secure.ts';

const POINTS = 100;

/** Host processes by executable or by a user id of the pool of ranges. */
function leftProcesses(executable: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        // Ended, and waiting for the host's init to notice.
        if (/^State:\sZ/m.test(status)) return false;
        const uid = Number(/^Uid:\s(\d+)/m.exec(status)?.[1]);
        return uid >= 1879048192 || readlinkSync(`/proc/${pid}/exe`) === executable;
      } catch {
        return false; // gone meanwhile, or a kernel thread
      }
    });
}

/** The groups of containers, and the shared parents, which go with the last of them. */
function groups(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => join(line.split(' ')[4] ?? '', 'secure'))
    .filter((path) => existsSync(path))
    .flatMap((path) => [
      path,
      ...readdirSync(path, { withFileTypes: true })
        .filter((e) => e.isDirectory())
        .map((e) => join(path, e.name)),
    ]);
}

const mounts = () => readFileSync('/proc/self/mountinfo', 'utf8').split('\n').sort();

describe.skipIf(cannotRun())('SIGKILL at random points', () => {
  let secure: Secure;
  let executable: string;
  let before: { mounts: string[]; groups: string[]; network: string | undefined };
  const dice = random();
  const fraction = () => dice.int(1_000_000) / 1_000_000;
  /** Ids that a `run -d` printed and nothing removed since. */
  const reported = new Set<string>();

  beforeAll(async () => {
    secure = await Secure.create();
    // A copy, so that its processes can be told from those of anything else on the machine.
    mkdirSync(join(secure.root, 'bin'));
    executable = join(secure.root, 'bin/secure-runtime');
    copyFileSync(runtimeBinary(), executable);
    before = { mounts: mounts(), groups: groups(), network: await network() };
  });
  afterAll(() => secure.destroy());

  const start = (...args: string[]): ChildProcess => {
    const [program, ...words] = secure.words([executable, ...args]);
    return spawn(program, words, { env: secure.env, stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  };

  /** Devices, routes, rules and the two settings of the kernel that a container may need. */
  const network = async () =>
    secure.netns?.sh(`ip -br link; ip route; ip -6 route; ip neigh; nft list ruleset
      cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding
      ls /run/secure-host/networks | grep "@$(stat -Lc %i /proc/self/ns/net)" || true`);

  /** Runs and is killed after `ms`, its children included where they are still in its process group. */
  async function killedAfter(
    child: ChildProcess,
    ms: number,
    group: boolean,
  ): Promise<{ killed: boolean; stdout: string }> {
    let stdout = '';
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
    });
    const ended = new Promise<boolean>((resolve) => child.on('close', (_, signal) => resolve(signal === 'SIGKILL')));
    const timer = setTimeout(() => {
      try {
        if (child.pid !== undefined) process.kill(group ? -child.pid : child.pid, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    }, ms);
    const killed = await ended;
    clearTimeout(timer);
    return { killed, stdout };
  }

  async function time(action: () => Promise<unknown>): Promise<number> {
    const begin = performance.now();
    await action();
    return performance.now() - begin;
  }

  it(`leaves nothing after ${POINTS} of them, and loses nothing that was reported (seed ${dice.seed})`, async () => {
    const forever = storePlan(secure, await planOf(secure, '-d', '-p', '127.0.0.1::80', 'busybox', 'sleep', '600'));
    const brief = storePlan(
      secure,
      await planOf(secure, '-p', '0.0.0.0::80', '-p', '127.0.0.1::53/udp', 'busybox', 'true'),
    );
    const briefRemoved = storePlan(secure, await planOf(secure, '--rm', 'busybox', 'true'));
    const spans = {
      run: await time(() => runtime(secure, 'launch', brief)),
      detach: await time(async () => reported.add((await runtime(secure, 'launch', forever)).stdout.trim())),
    };
    let kills = 0;
    // An action that was over before its signal came is no point: go on until there are enough that were not.
    for (let i = 0; kills < POINTS && i < 10 * POINTS; i++) {
      const kind = ['run', 'run --rm', 'run -d', 'stop', 'rm', 'rm -f'][i % 6];
      const victim = [...reported][dice.int(reported.size || 1)];
      const group = fraction() < 0.5;
      if (kind === 'run' || kind === 'run --rm') {
        const plan = kind === 'run' ? brief : briefRemoved;
        kills += Number((await killedAfter(start('launch', plan), fraction() * spans.run, group)).killed);
      } else if (kind === 'run -d') {
        const { killed, stdout } = await killedAfter(start('launch', forever), fraction() * spans.detach, group);
        kills += Number(killed);
        if (stdout.trim() !== '') reported.add(stdout.trim());
      } else if (victim !== undefined && reported.size > 2) {
        const argv = kind === 'stop' ? ['stop', '--time', '0', victim] : ['delete', '--force', victim];
        const { killed } = await killedAfter(start(...argv), fraction() * spans.detach, group);
        kills += Number(killed);
        // A removal that was cut off may be half done: it has not been reported either way.
        if (kind !== 'stop') reported.delete(victim);
      }
    }
    expect(kills).toBe(POINTS);

    const pruned = await secure.run('system', 'prune');
    expect([pruned.code, pruned.stderr]).toEqual([0, '']);
    const left = new Set(await secure.containers());
    for (const id of reported) expect(left, `container ${id} was reported as started`).toContain(id);
    const listed = JSON.parse((await runtime(secure, 'list')).stdout) as { id: string; status: string }[];
    expect(listed.filter(({ status }) => !['running', 'exited', 'dead', 'created'].includes(status))).toEqual([]);

    const ids = [...left];
    if (ids.length > 0) expect((await secure.run('rm', '-f', ...ids)).code).toBe(0);
    const again = await secure.run('system', 'prune');
    expect(again.code).toBe(0);
    expect(leftProcesses(executable)).toEqual([]);
    expect(groups()).toEqual(before.groups);
    expect(await network()).toBe(before.network);
    expect(mounts()).toEqual(before.mounts);
    for (const directory of ['containers', 'names', 'ranges'])
      expect([directory, readdirSync(join(secure.env.SECURE_STATE_ROOT ?? '', directory))]).toEqual([directory, []]);
    expect(readdirSync(join(secure.env.SECURE_RUN_ROOT ?? '', 'containers'))).toEqual([]);
  }, 240_000);
});
