// SPDX-License-Identifier: Apache-2.0
// secure-runtime and the network of a plan: what a container gets, and that its end gives everything back.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { attached, page, port, remains, serve, unattached } from '../support/bridge.ts';
import { NetNs } from '../support/netns.ts';
import { background, bend, type LoosePlan, launch, runtime } from '../support/plan.ts';
import { cannotRun, Secure, until } from '../support/secure.ts';

interface Recorded {
  secure: { network: { address4: string; address6: string; ports: { hostPort: number }[] } };
}

describe.skipIf(cannotRun())('network of a plan', () => {
  let netns: NetNs;
  let secure: Secure;
  let plan: LoosePlan;
  let before: string;
  beforeAll(async () => {
    netns = await NetNs.create();
    secure = await Secure.create({ netns });
    plan = await unattached(secure, '--rm', 'busybox', 'true');
    // The product's own commands may differ in what they keep below the state root.
    before = await remains(secure, netns);
  });
  afterAll(async () => {
    await secure.destroy();
    await netns.destroy();
  });
  const running: string[] = [];
  const start = async (bent: LoosePlan, ...command: string[]): Promise<string> => {
    const id = await background(secure, bent, ...command);
    running.push(id);
    return id;
  };
  const recordOf = (id: string) => join(secure.env.SECURE_STATE_ROOT ?? '', 'containers', id);
  const configOf = (id: string) => JSON.parse(readFileSync(join(recordOf(id), 'config.json'), 'utf8')) as Recorded;
  const end = async (id: string) => expect((await runtime(secure, 'delete', '--force', id)).code).toBe(0);

  beforeEach(() => {
    running.length = 0;
  });
  afterEach(async () => {
    for (const id of running) await runtime(secure, 'delete', '--force', id);
    expect(await remains(secure, netns)).toBe(before);
  });

  it('is ready when the program starts', async () => {
    const { code, stdout, stderr } = await launch(
      secure,
      attached(plan),
      'sh',
      '-c',
      'ip -o addr; ip route; ip -6 route',
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/eth0 .*inet 10\.213\.0\.\d+\/24/);
    expect(stdout).toMatch(/eth0 .*inet6 fd7c:5ec0:e02::[0-9a-f]+\/64/);
    expect(stdout).toContain('default via 10.213.0.1 dev eth0');
    expect(stdout).toContain('default via fd7c:5ec0:e02::1 dev eth0');
    expect(stdout).not.toContain('tentative');
  });

  it('works without IPv6', async () => {
    const four = attached(plan, { subnet6: null, address6: null, egress: 'any' });
    const { code, stdout } = await launch(secure, four, 'sh', '-c', 'ip -o addr show eth0');
    expect([code, stdout.split('\n').length]).toEqual([0, 2]);
  });

  it('publishes ports until the container ends', async () => {
    const ports = [port(8080), port(0, 80, '0.0.0.0'), port(5300, 53, '0.0.0.0', 'udp')];
    const id = await start(attached(plan, { ports }), ...serve('hello'));
    const { address4, ports: filled } = configOf(id).secure.network;
    await until('the page is there', async () => (await page(netns, '127.0.0.1', 8080)) === 'hello\n');
    expect(await page(netns, '127.0.0.1', filled[1]?.hostPort ?? 0)).toBe('hello\n');
    expect(await page(netns, address4, 80)).toBe('hello\n');
    // The one that was not published on every address is not there.
    expect(await page(netns, '10.213.0.1', 8080)).toBe('');
    const busy = await netns.run('busybox', ['nc', '-l', '-p', '8080', '-w', '1']);
    expect(busy.stderr).toContain('in use');

    expect((await runtime(secure, 'stop', '--time', '0', id)).code).toBe(0);
    // With the end, not with the removal, and at once.
    expect(await netns.devices()).toEqual(['lo']);
    expect(await netns.output('nft', 'list', 'ruleset')).toBe('');
    expect((await netns.run('timeout', ['1', 'busybox', 'nc', '-l', '-p', '8080'])).code).toBe(124);
    await end(id);
  });

  it('keeps sockets and descriptors of the host away from the container', async () => {
    const id = await start(attached(plan, { ports: [port(8080)] }), 'sleep', '600');
    const listed = await runtime(secure, 'exec', id, '--', 'sh', '-c', 'ls -l /proc/1/fd /proc/self/fd');
    expect(listed.stdout).not.toContain('socket:');
    const inside = await runtime(secure, 'exec', id, '--', 'sh', '-c', 'ip -o link; cat /proc/net/tcp | wc -l');
    expect(inside.stdout).toMatch(/eth0/);
    expect(inside.stdout).toMatch(/^1$/m);
  });

  it('proves what is in force', async () => {
    const id = await start(attached(plan), 'sleep', '600');
    const control = async () => {
      const proof = JSON.parse((await runtime(secure, 'enforced', id)).stdout) as { controls: { control: string }[] };
      return proof.controls.find((one) => one.control === 'network');
    };
    const { address4, address6 } = configOf(id).secure.network;
    expect(await control()).toMatchObject({ planned: 'bridge', inForce: true });
    expect(await control()).toMatchObject({ actual: expect.stringContaining(`${address4} ${address6}`) });
    // Its elements stay, and decide nothing without the rules.
    await netns.sh('nft flush table inet secrt0');
    expect(await control()).toMatchObject({ inForce: false });
    await netns.sh('nft delete table inet secrt0');
    expect(await control()).toMatchObject({ inForce: false, actual: expect.stringContaining('does not have') });
    const plain = await start(plan, 'sleep', '600');
    const proof = JSON.parse((await runtime(secure, 'enforced', plain)).stdout) as { controls: { control: string }[] };
    expect(proof.controls).toContainEqual(expect.objectContaining({ planned: 'loopback only', inForce: true }));
  });

  it('writes the files of the plan into the record', async () => {
    const withFile = bend(attached(plan), ({ secure: { files, slots }, mounts }) => {
      const at = files.push({ name: 'greeting', parts: ['from ', '', ' to ', '', '\n'] }) - 1;
      slots.push({ at: `/secure/files/${at}/parts/1`, type: 'address4' });
      slots.push({ at: `/secure/files/${at}/parts/3`, type: 'address6' });
      const mount =
        mounts.push({ destination: '/greeting', type: 'bind', source: '', options: ['bind', 'ro', 'idmap'] }) - 1;
      slots.push({ at: `/mounts/${mount}/source`, type: 'record-dir', suffix: '/greeting' });
    });
    const id = await start(withFile, 'sleep', '600');
    const { address4, address6 } = configOf(id).secure.network;
    const { stdout } = await runtime(secure, 'exec', id, '--', 'sh', '-c', 'cat /greeting; stat -c "%u %a" /greeting');
    expect(stdout).toBe(`from ${address4} to ${address6}\n0 644\n`);
    expect(statSync(recordOf(id)).mode & 0o777).toBe(0o700);
    await end(id);
  });

  it('lets containers neither see nor reach each other', async () => {
    const one = await start(attached(plan, { egress: 'any', ports: [port(8080, 80, '0.0.0.0')] }), ...serve('hello'));
    await until('the page is there', async () => (await page(netns, '127.0.0.1', 8080)) === 'hello\n');
    const two = await start(attached(plan, { egress: 'any' }), 'sleep', '600');
    const { address4, address6 } = configOf(one).secure.network;
    const ask = async (from: string, address: string, number: number): Promise<string> => {
      const command = `printf "GET / HTTP/1.0\\r\\n\\r\\n" | nc -w 1 ${address} ${number}`;
      return (await runtime(secure, 'exec', from, '--', 'sh', '-c', command)).stdout;
    };
    expect(await ask(two, address4, 80)).toBe('');
    expect(await ask(two, address6, 80)).toBe('');
    expect(await ask(two, '10.213.0.1', 8080)).toBe('');
    // Itself it reaches, so that the questions above could have been answered.
    expect(await ask(one, address4, 80)).toContain('hello');
    expect(await ask(one, address6, 80)).toContain('hello');
  });
});
