// SPDX-License-Identifier: Apache-2.0
// Networks that cannot be had, and processes that are killed: one error, and nothing left.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { attached, page, port, remains, serve, unattached } from '../support/bridge.ts';
import { NetNs } from '../support/netns.ts';
import { background, bend, type LoosePlan, launch, runtime, storePlan } from '../support/plan.ts';
import { random } from '../support/random.ts';
import { cannotRun, errorCode, type Result, Secure, until } from '../support/secure.ts';

describe.skipIf(cannotRun())('network that fails', () => {
  let netns: NetNs;
  let secure: Secure;
  let plan: LoosePlan;
  let before: string;
  beforeAll(async () => {
    netns = await NetNs.create();
    secure = await Secure.create({ netns });
    plan = await unattached(secure, '--rm', 'busybox', 'true');
    before = await remains(secure, netns);
  });
  afterAll(async () => {
    await secure.destroy();
    await netns.destroy();
  });
  afterEach(async () => {
    for (const id of await secure.containers()) await runtime(secure, 'delete', '--force', id);
    expect(await remains(secure, netns)).toBe(before);
  });

  /** One error with this code, which says `words` and what to do next. */
  function refused(result: Result, code: string, ...words: string[]): void {
    expect([result.code, errorCode(result), result.stdout]).toEqual([125, code, '']);
    expect(result.stderr.split('\n').filter(Boolean)).toHaveLength(2);
    expect(result.stderr).toMatch(/^ {2}hint: ./m);
    for (const word of words) expect(result.stderr).toContain(word);
  }

  it('refuses a bridge name that something else has', async () => {
    await netns.sh('ip link add secrt0 type veth peer name other');
    refused(await launch(secure, attached(plan)), 'BRIDGE_TAKEN', 'secrt0', 'veth');
    expect(await netns.devices()).toEqual(['lo', 'other', 'secrt0']);
    await netns.sh('ip link del secrt0');
  });

  it('refuses a subnet that is routed elsewhere', async () => {
    await netns.sh('ip link add up0 type veth peer name up1; ip addr add 10.213.0.200/28 dev up0; ip link set up0 up');
    refused(await launch(secure, attached(plan)), 'SUBNET_IN_USE', '10.213.0.0/24');
    await netns.sh('ip link del up0');
  });

  it('refuses a container too many', async () => {
    const small = attached(plan, { subnet4: '10.213.0.0/29' });
    for (let i = 0; i < 5; i++) await background(secure, small, 'sleep', '600');
    refused(await launch(secure, small), 'ADDRESSES_EXHAUSTED', '10.213.0.0/29');
    // Another subnet on a bridge that is in use.
    refused(await launch(secure, attached(plan)), 'BRIDGE_TAKEN', '10.213.0.0/29');
  });

  it('refuses ports that are taken, and says by whom', async () => {
    const holder = netns.spawn('busybox', ['nc', '-l', '-p', '8080'], { stdio: 'ignore' });
    await until('nc listens', async () => (await netns.output('cat', '/proc/net/tcp6')).includes(':1F90 '));
    const taken = attached(plan, { ports: [port(8081), port(8080)] });
    refused(await launch(secure, taken), 'PORT_IN_USE', 'tcp 127.0.0.1:8080', '(busybox)');
    const ended = new Promise((resolve) => holder.once('close', resolve));
    holder.kill('SIGKILL');
    await ended;

    const named = bend(taken, (bent) => {
      Object.assign(bent.secure, { name: 'first' });
      bent.secure.slots = bent.secure.slots.filter(({ at }) => at !== '/secure/name');
    });
    await background(secure, named, 'sleep', '600');
    refused(await launch(secure, taken), 'PORT_IN_USE', 'tcp 127.0.0.1:8081', 'container first');
  });

  it('refuses ports that the host cannot have', async () => {
    for (const address of ['::1', '192.0.2.1', 'fe80::1'])
      refused(await launch(secure, attached(plan, { ports: [port(8080, 80, address)] })), 'PORT_REFUSED', address);
  });

  it('refuses a kernel without nf_tables', async () => {
    const without = join(secure.root, 'without-nfnetlink');
    const source = join(import.meta.dirname, 'fixtures/without-nfnetlink.c');
    execFileSync('cc', ['-O1', '-Wall', '-Werror', '-o', without, source]);
    const path = storePlan(secure, attached(plan, { egress: 'any', ports: [port(8080)] }));
    const { env } = secure;
    refused(await netns.run(without, [runtimeBinary(), 'launch', path], { env }), 'NFT_UNAVAILABLE', 'modprobe');
    // Without a network it is not needed.
    expect((await netns.run(without, [runtimeBinary(), 'launch', storePlan(secure, plan)], { env })).code).toBe(0);
  });

  it('refuses plans that contradict themselves', async () => {
    const unfilled = bend(attached(plan), ({ secure: { slots } }) => {
      slots.splice(
        slots.findIndex(({ type }) => type === 'address4'),
        1,
      );
    });
    refused(await launch(secure, unfilled), 'PLAN_INVALID', 'slot');
    const fixed = attached(plan, { ports: [port(0)] });
    refused(
      await launch(
        secure,
        bend(fixed, (bent) => bent.secure.slots.pop()),
      ),
      'PLAN_INVALID',
      'slot',
    );
    const twice = bend(fixed, ({ secure: { slots } }) => slots.push({ at: '/secure/range/size', type: 'host-port' }));
    refused(await launch(secure, twice), 'PLAN_INVALID', '/secure/range/size');
    const shared = bend(attached(plan), ({ linux }) => {
      Object.assign(linux, { sysctl: {} });
      linux.namespaces = linux.namespaces.filter(({ type }) => type !== 'network');
    });
    const result = await launch(secure, shared);
    expect([result.code, errorCode(result)]).toEqual([125, 'CONFIG_INVALID']);
    expect(result.stderr).toContain('/secure/network');
  });

  it('gives everything back when the program cannot be executed', async () => {
    const routed = attached(plan, { egress: 'any', ports: [port(8080)] });
    expect((await launch(secure, routed, '/no/such/program')).code).toBe(127);
    expect((await launch(secure, routed, '/etc/not-executable')).code).toBe(126);
  });

  it('is swept after the monitor was killed', async () => {
    const routed = attached(plan, { egress: 'any', ports: [port(8080)] });
    const id = await background(secure, routed, 'sleep', '600');
    const state = JSON.parse((await runtime(secure, 'state', id)).stdout) as { monitorPid: number };
    process.kill(state.monitorPid, 'SIGKILL');
    await until('the container is dead', async () => (await runtime(secure, 'state', id)).stdout.includes('"dead"'));
    // A port of a dead container is no obstacle, with or without a sweep.
    const next = await background(secure, routed, ...serve('next'));
    await until('the page is there', async () => (await page(netns, '127.0.0.1', 8080)) === 'next\n');
    expect((await runtime(secure, 'delete', '--force', next)).code).toBe(0);
    const { code, stdout } = await runtime(secure, 'gc');
    expect([code, stdout]).toEqual([0, expect.not.stringContaining('failed')]);
    expect(await netns.devices()).toEqual(['lo']);
    expect(await netns.output('nft', 'list', 'ruleset')).toBe('');
  });

  const dice = random();
  it(`is swept after SIGKILL anywhere (seed ${dice.seed})`, async () => {
    const path = storePlan(
      secure,
      attached(
        bend(plan, ({ secure: { monitor }, process }) => {
          Object.assign(monitor, { detach: true, remove: true });
          process.args = ['sleep', '600'];
        }),
        { egress: 'any', ports: [port(8080), port(0, 80, '0.0.0.0', 'udp')] },
      ),
    );
    const script = `id=$(${runtimeBinary()} launch ${path}) && ${runtimeBinary()} container stop --time 0 $id`;
    for (let i = 0; i < 40; i++) {
      const child = netns.spawn('sh', ['-c', script], { env: { ...secure.env }, stdio: 'ignore', detached: true });
      const ended = new Promise((resolve) => child.once('close', resolve));
      await new Promise((resolve) => setTimeout(resolve, dice.int(150)));
      // The monitor has a session of its own; half of the time it is killed instead of what waits for it.
      const monitors = (await netns.run('pgrep', ['-f', `secure-runtime launch ${path}`])).stdout
        .split('\n')
        .filter(Boolean);
      for (const pid of dice.int(2) === 0 ? monitors : [String(-(child.pid ?? 0))])
        try {
          process.kill(Number(pid), 'SIGKILL');
        } catch {
          // It has just ended.
        }
      await ended;
    }
    for (const id of await secure.containers()) await runtime(secure, 'stop', '--time', '0', id);
    await until(
      'nothing is left',
      async () => {
        expect((await runtime(secure, 'gc')).stdout).not.toContain('failed');
        return (await remains(secure, netns)) === before;
      },
      10,
    );
  });
});
