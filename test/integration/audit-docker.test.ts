// SPDX-License-Identifier: Apache-2.0
// Debian's dockerd with ten containers, asked over its socket: what is careless is found, and nothing else.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditedDocker, CONTAINERS } from '../support/audit-docker.ts';
import { cannotRun } from '../support/secure.ts';

interface ReportJson {
  readonly audited: readonly {
    readonly target: string;
    readonly name: string;
    readonly results: readonly {
      readonly id: string;
      readonly status: string;
      readonly problems?: readonly { readonly message: string; readonly key: string }[];
    }[];
  }[];
  readonly cis: readonly { readonly items: readonly { readonly id: string; readonly outcome: string }[] }[];
}

/** This kernel has no security module for docker, and its images came from archives; docker maps no ids. */
const EVERYWHERE = ['0004', '0008', '0019'];
/** `docker run` without any option, of an image without a user: a network, the ids and the powers that docker gives. */
const CARELESS = ['0001', '0002', '0003', '0005', '0007', '0009', '0010', '0011', '0021', '0027', '0028?', '0033'];
const BRIDGE = '0036';
/** What fails, and what is unknown with a question mark. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  hardened: [...EVERYWHERE, '0027', '0028?'],
  alone: EVERYWHERE,
  plain: [...EVERYWHERE, ...CARELESS, BRIDGE],
  shares: [...EVERYWHERE, ...CARELESS.filter((id) => id !== '0028?'), '0012', '0028'],
  mounts: [...EVERYWHERE, ...CARELESS, BRIDGE, '0014', '0015', '0023'],
  powers: [...EVERYWHERE, ...CARELESS, BRIDGE, '0006', '0013'],
  publishes: [...EVERYWHERE, ...CARELESS, BRIDGE, '0016', '0017', '0035'],
  restarts: [...EVERYWHERE, ...CARELESS, BRIDGE, '0032', '0034'],
  visited: [...EVERYWHERE, '0038'],
  // It does not run: what the daemon would limit nobody knows.
  privileged: [...EVERYWHERE, ...CARELESS, BRIDGE, '0006', '0013', '0020', '0021?', '0024', '0026?', '0031'].filter(
    (id) => id !== '0021',
  ),
};

describe.skipIf(cannotRun())('an audit of dockerd', () => {
  let docker: AuditedDocker;
  let report: ReportJson;
  let code: number;
  const of = (name: string) => report.audited.find((each) => each.name === name)?.results ?? [];
  const open = (name: string): string[] =>
    of(name)
      .filter(({ status }) => status === 'fail' || status === 'unknown')
      .map(({ id, status }) => `${id.slice(-4)}${status === 'unknown' ? '?' : ''}`);
  const keys = (name: string, id: string) =>
    of(name)
      .find((one) => one.id === id)
      ?.problems?.map(({ key }) => key);

  beforeAll(async () => {
    docker = await AuditedDocker.start();
    const audit = await docker.machine.secure('audit', 'engine', '--json');
    code = audit.code;
    report = JSON.parse(audit.stdout) as ReportJson;
  }, 180_000);
  afterAll(async () => {
    expect(await docker.stop()).toEqual([]);
  }, 180_000);

  it('finds the engine, its images and all ten containers', () => {
    expect(code).toBe(1);
    expect(CONTAINERS).toHaveLength(9);
    expect(report.audited.map(({ name }) => name).sort()).toEqual(
      [
        'docker',
        'docker/careless:latest',
        'docker/hardened:1.0',
        ...Object.keys(EXPECTED).map((name) => `docker/${name}`),
      ].sort(),
    );
  });

  it('says of the engine what its daemon says', () => {
    // It runs as root, maps no ids, trusts a registry, has a bridge, grants everything and keeps logs; its version is Debian's.
    expect(open('docker')).toEqual(['0001', '0002', '0004', '0005', '0006?', '0018', '0019']);
    expect(keys('docker', 'SEC-ENGINE-0004')).toEqual(['registry.example:5000']);
  });

  it.each(Object.entries(EXPECTED))('finds of %s what it was made with, and no more', (name, expected) => {
    expect(open(`docker/${name}`).sort()).toEqual([...expected].sort());
  });

  it('looks into the files of images', () => {
    // No advisories were imported: what is known of its packages nobody can say.
    expect(open('docker/hardened:1.0')).toEqual(['0013', '0019?', '0020?']);
    expect(open('docker/careless:latest')).toEqual(['0001', '0002', '0004', '0010', '0013', '0019?', '0020?']);
    expect(keys('docker/careless:latest', 'SEC-IMAGE-0002')).toEqual(['bin/mount-all']);
  });

  it('asks the kernel about what runs', () => {
    expect(keys('docker/powers', 'SEC-CONTAINER-0001')).toEqual(['CAP_NET_RAW', 'CAP_SYS_ADMIN']);
    expect(keys('docker/shares', 'SEC-CONTAINER-0012')).toEqual(['pid', 'network', 'ipc', 'uts']);
    expect(keys('docker/visited', 'SEC-CONTAINER-0038')?.[0]).toBe('sleep 100001');
  });

  it('of a daemon that stopped answering says so, within five seconds', { timeout: 30_000 }, async () => {
    await docker.silent(async () => {
      const start = Date.now();
      const audit = await docker.machine.secure('audit', 'engine', '--json', '--fail-on', 'none');
      expect(Date.now() - start).toBeLessThan(9_000);
      const [engine, ...more] = (JSON.parse(audit.stdout) as ReportJson).audited;
      expect(more).toEqual([]);
      expect(new Set(engine?.results.map(({ status }) => status))).toEqual(new Set(['unknown']));
    });
  });

  it('with the host decides the recommendations of the benchmark that concern them', { timeout: 60_000 }, async () => {
    const audit = await docker.machine.secure('audit', 'all', '--json');
    const items = (JSON.parse(audit.stdout) as ReportJson).cis.flatMap((section) => section.items);
    const outcome = Object.fromEntries(items.map(({ id, outcome }) => [id, outcome]));
    const some = [
      '1.1.2',
      '2.3',
      '2.4',
      '2.5',
      '2.16',
      '3.18',
      '3.17',
      '4.1',
      '4.7',
      '4.9',
      '4.11',
      '4.8',
      '5.5',
      '5.7',
      '5.9',
      '5.24',
      '7.1',
    ];
    expect(some.map((id) => [id, outcome[id]])).toEqual([
      ...[
        ['1.1.2', 'fail'],
        ['2.3', 'fail'],
        ['2.4', 'pass'],
        ['2.5', 'fail'],
        ['2.16', 'pass'],
      ],
      ...[
        ['3.18', 'fail'],
        ['3.17', 'pass'],
        ['4.1', 'fail'],
        ['4.7', 'pass'],
        ['4.9', 'pass'],
        ['4.11', 'pass'],
        ['4.8', 'fail'],
      ],
      ...[
        ['5.5', 'fail'],
        ['5.7', 'pass'],
        ['5.9', 'fail'],
        ['5.24', 'fail'],
        ['7.1', 'not-applicable'],
      ],
    ]);
    // No build file was looked at, but histories of images; two of the five that a person decides have checks that help.
    expect(items.filter(({ outcome: one }) => one === 'not-covered').map(({ id }) => id)).toEqual(['4.12', '7.6']);
  });

  it('of a manager of a swarm knows what managers know', { timeout: 120_000 }, async () => {
    const swarm = async (): Promise<Record<string, string>> => {
      const audit = await docker.machine.secure('audit', 'engine', 'docker', '--only', '--json');
      const results = (JSON.parse(audit.stdout) as ReportJson).audited[0]?.results ?? [];
      return Object.fromEntries(results.map(({ id, status }) => [id.slice(-4), status]));
    };
    await docker.run('swarm', 'init', '--advertise-addr', '127.0.0.1');
    try {
      expect(await swarm()).toMatchObject({
        // No service: for nothing. It listens everywhere, has one way for all, an open network, and no lock.
        ...{ '0007': 'fail', '0008': 'pass', '0009': 'fail', '0010': 'fail', '0011': 'fail', '0012': 'pass' },
        ...{ '0013': 'fail', '0014': 'pass', '0015': 'pass' },
      });
      await docker.run('swarm', 'update', '--autolock=true', '--cert-expiry', '2161h');
      await docker.run('service', 'create', '--detach', '--name', 'db', '--env', 'DB_PASSWORD=hunter2', 'hardened:1.0');
      expect(await swarm()).toMatchObject({ '0007': 'pass', '0012': 'fail', '0013': 'pass', '0014': 'fail' });
      await docker.run('service', 'rm', 'db');
    } finally {
      await docker.run('swarm', 'leave', '--force');
    }
    await docker.run(
      'swarm',
      'init',
      '--advertise-addr',
      '127.0.0.1',
      '--listen-addr',
      '127.0.0.1',
      '--data-path-addr',
      '127.0.0.2',
    );
    expect(await swarm()).toMatchObject({ '0009': 'pass', '0010': 'pass' });
    await docker.run('swarm', 'leave', '--force');
    expect(await swarm()).toMatchObject({ '0007': 'pass', '0008': 'not-applicable', '0013': 'not-applicable' });
  });
});
