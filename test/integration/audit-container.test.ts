// SPDX-License-Identifier: Apache-2.0
// The checks of containers on real ones: what each profile is found wanting in, and a limit that somebody took away afterwards.
import { existsSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ContainerInput, collectContainer } from '../../src/audit/facts/container.ts';
import { SEVERITIES, type Severity } from '../../src/audit/types.ts';
import { checkFiles } from '../support/audit.ts';
import { NetNs } from '../support/netns.ts';
import { cannotRun, Secure } from '../support/secure.ts';

const checks = (await checkFiles()).map(({ check }) => check).filter(({ target }) => target === 'container');
const skip = cannotRun();
let netns: NetNs;
let secure: Secure;

/** Ids by verdict of one container as it is now. */
async function audit(name: string): Promise<Record<string, string[]>> {
  const { container, plan } = (await secure.json('inspect', name)) as {
    container: ContainerInput['state'];
    plan: unknown;
  };
  const enforced = container.status === 'running' ? await secure.json('inspect', '--enforced', name) : undefined;
  const facts = collectContainer({ state: container, plan, enforced });
  const found: Record<string, string[]> = { pass: [], fail: [], unknown: [], 'not-applicable': [] };
  for (const check of checks) found[check.check(facts as never).status]?.push(check.id.slice(-4));
  for (const ids of Object.values(found)) ids.sort();
  return found;
}
const atLeast = (severity: Severity): Set<string> =>
  new Set(
    checks
      .filter((check) => SEVERITIES.indexOf(check.severity) <= SEVERITIES.indexOf(severity))
      .map(({ id }) => id.slice(-4)),
  );

describe.skipIf(skip)('audit of containers', () => {
  beforeAll(async () => {
    netns = await NetNs.create();
    secure = await Secure.create({ netns });
    for (const profile of ['strict', 'default', 'baseline']) {
      const trust = profile === 'strict' ? ['--trust'] : [];
      await secure.detached(
        '--network',
        'none',
        '--name',
        profile,
        '--profile',
        profile,
        ...trust,
        'busybox',
        'sleep',
        '600',
      );
    }
  });
  afterAll(async () => {
    await secure?.destroy();
    await netns?.destroy();
  });

  it('strict lacks nothing but a build on this host', async () => {
    const { fail, unknown } = await audit('strict');
    expect({ fail, unknown }).toEqual({ fail: ['0019'], unknown: [] });
  });

  it('default has root with a few capabilities, and no limit of processor time', async () => {
    const { fail, unknown } = await audit('default');
    expect({ fail, unknown }).toEqual({ fail: ['0002', '0005', '0011', '0019'], unknown: [] });
  });

  it('baseline lacks what it leaves to the image, and nothing at high', async () => {
    const { fail, unknown } = await audit('baseline');
    expect({ fail, unknown }).toEqual({
      fail: ['0002', '0005', '0007', '0008', '0009', '0011', '0019', '0021'],
      unknown: [],
    });
    expect(fail?.filter((id) => atLeast('high').has(id))).toEqual([]);
  });

  it('finds a limit that was taken away after the start, because the kernel is asked', async () => {
    await secure.detached('--network', 'none', '--name', 'open', 'busybox', 'sleep', '600');
    const { container } = (await secure.json('inspect', 'open')) as { container: { cgroup: string } };
    const file = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup']
      .map((root) => `${root}${container.cgroup}/pids.max`)
      .find((path) => existsSync(path));
    writeFileSync(file ?? '', 'max');
    const { fail } = await audit('open');
    expect(fail).toContain('0010');
    expect(fail).toContain('0030');
  });

  it('judges one that has ended by its plan', async () => {
    await secure.run(
      'run',
      '--network',
      'none',
      '--name',
      'ended',
      '--profile',
      'strict',
      '--trust',
      'busybox',
      'true',
    );
    const { fail, unknown, 'not-applicable': none } = await audit('ended');
    expect({ fail, unknown }).toEqual({ fail: ['0019'], unknown: [] });
    expect(none).toEqual(expect.arrayContaining(['0025', '0030']));
  });

  it('finds what a network opens, on the addresses and ports that were asked for', async () => {
    await secure.detached('--name', 'served', '--publish', '0.0.0.0:80:8080', 'busybox', 'sleep', '600');
    await secure.detached('--name', 'local', '--publish', '127.0.0.1:8080:8080', 'busybox', 'sleep', '600');
    const [served, local] = [await audit('served'), await audit('local')];
    expect(served.fail).toEqual(expect.arrayContaining(['0016', '0017', '0027']));
    expect(local.pass).toEqual(expect.arrayContaining(['0012', '0016', '0017', '0028', '0030']));
    // The container's own resolv.conf and hosts, bound from its record, are no part of the host.
    for (const { fail, unknown } of [served, local]) {
      expect({ high: fail?.filter((id) => atLeast('high').has(id)), unknown }).toEqual({ high: [], unknown: [] });
    }
  });
});
