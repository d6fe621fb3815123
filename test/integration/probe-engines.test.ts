// SPDX-License-Identifier: Apache-2.0
// The probe in containers of Debian's dockerd and podman: what they leave open, exactly; and what is left afterwards, on the machine and in them.
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProbedEngines } from '../support/probe-engines.ts';
import { cannotRun, errorCode, until } from '../support/secure.ts';

interface ReportJson {
  readonly audited: readonly {
    readonly name: string;
    readonly results: readonly {
      readonly id: string;
      readonly status: string;
      readonly problems?: readonly { readonly key: string }[];
    }[];
  }[];
}
interface Comparison {
  readonly rows: readonly { readonly title: string; readonly cells: readonly string[] }[];
}

/** What docker leaves open where nobody says anything: io_uring, raw packets, families of sockets, its terminal; root, a writable root, privileges to gain. */
const DOCKER = [
  ...['PROBE-0006', 'PROBE-0009', 'PROBE-0017', 'PROBE-0018', 'PROBE-0022'],
  ...['CONTAINER-0001', 'CONTAINER-0003', 'CONTAINER-0004', 'CONTAINER-0005', 'CONTAINER-0007', 'CONTAINER-0021'],
];
const EXPECTED: Readonly<Record<string, readonly [string[], readonly string[]]>> = {
  plain: [[], DOCKER],
  closed: [
    [
      '--read-only',
      '--user',
      '10001',
      '--cap-drop',
      'ALL',
      '--security-opt',
      'no-new-privileges',
      '--ulimit',
      'core=0',
    ],
    ['PROBE-0006', 'PROBE-0009', 'PROBE-0018', 'PROBE-0022', 'CONTAINER-0004'],
  ],
  shares: [
    ['--pid', 'host', '--network', 'host', '--ipc', 'host', '--uts', 'host', '-v', '/run/docker.sock:/run/docker.sock'],
    [
      ...[
        'PROBE-0004',
        'PROBE-0009',
        'PROBE-0017',
        'PROBE-0018',
        'PROBE-0019',
        'PROBE-0021',
        'PROBE-0022',
        'PROBE-0024',
      ],
      ...['PROBE-0027', ...DOCKER.filter((id) => id.startsWith('CONTAINER'))],
    ],
  ],
  unfiltered: [
    ['--security-opt', 'seccomp=unconfined'],
    [
      ...['PROBE-0001', 'PROBE-0002', 'PROBE-0006', 'PROBE-0009', 'PROBE-0010', 'PROBE-0017', 'PROBE-0018'],
      ...[
        'PROBE-0022',
        'PROBE-0023',
        'PROBE-0025',
        ...DOCKER.filter((id) => id.startsWith('CONTAINER')),
        'CONTAINER-0006',
      ],
    ],
  ],
  privileged: [
    ['--privileged', '--runtime', 'fitting'],
    [
      ...[
        'PROBE-0001',
        'PROBE-0002',
        'PROBE-0006',
        'PROBE-0007',
        'PROBE-0008',
        'PROBE-0009',
        'PROBE-0010',
        'PROBE-0011',
      ],
      ...[
        'PROBE-0012',
        'PROBE-0013',
        'PROBE-0014',
        'PROBE-0015',
        'PROBE-0016',
        'PROBE-0017',
        'PROBE-0018',
        'PROBE-0022',
      ],
      ...['PROBE-0023', 'PROBE-0025', ...DOCKER.filter((id) => id.startsWith('CONTAINER')), 'CONTAINER-0006'],
    ],
  ],
};

/** What a probe could have changed, of the machine and of the kernel. */
const SNAPSHOT = `set +e; {
for f in /proc/modules /proc/filesystems /proc/swaps /proc/self/mountinfo; do cat $f; done
for f in /proc/sys/kernel/* /proc/sys/fs/* /proc/sys/net/core/*; do
  case $f in *ns_last_pid|*dentry-state|*file-nr|*inode-*|*/pty) ;; *) echo "$f $(cat $f)";; esac
done
busybox adjtimex | grep -E 'tick|freq|status'; date +%z; ls /dev /run; ip link
grep -o '_uid.*' /proc/keys | sort
} 2>/dev/null; true`;

describe.skipIf(cannotRun())('a probe of containers of engines', () => {
  let engines: ProbedEngines;
  const open = async (...args: readonly string[]): Promise<readonly string[]> => {
    const { stdout, stderr } = await engines.probe(...args, '--json');
    expect(stderr).toBe('');
    const [audited] = (JSON.parse(stdout) as ReportJson).audited;
    return (audited?.results ?? [])
      .filter(({ status }) => status !== 'pass' && status !== 'not-applicable')
      .map(({ id, status }) => `${id.slice(4)}${status === 'unknown' ? '?' : ''}`);
  };
  const cells = async (...args: readonly string[]): Promise<Record<string, string | undefined>> => {
    const { stdout } = await engines.probe(...args, '--compare', '--json');
    const { rows } = JSON.parse(stdout) as Comparison;
    return Object.fromEntries(rows.map(({ title, cells: [cell] }) => [title, cell]));
  };
  const inside = (name: string) =>
    engines.docker('exec', '--user', '0', name, 'sh', '-c', 'ls -a / /dev /dev/shm /tmp /run');
  const programs = (name: string) => engines.docker('top', name, '-eo', 'pid,args');
  /** Control groups of its own. */
  const groups = async (name: string) => {
    const id = (await engines.docker('inspect', '-f', '{{.Id}}', name)).trim();
    return engines.machine.host.sh(`find /sys/fs/cgroup -type d -path '*${id}*' | sort`);
  };

  beforeAll(async () => {
    engines = await ProbedEngines.start();
    for (const [name, [options]] of Object.entries(EXPECTED)) await engines.started('docker', name, ...options);
  }, 180_000);
  afterAll(async () => {
    expect(await engines.stop()).toEqual([]);
  }, 180_000);

  it.each(Object.entries(EXPECTED))('finds what %s leaves open, and nothing else', async (name, [, expected]) => {
    expect([...(await open('--engine', 'docker', name))].sort()).toEqual([...expected].sort());
  });

  it.each(Object.keys(EXPECTED))(
    'leaves %s, and the machine, as they were',
    async (name) => {
      await open('--engine', 'docker', name);
      const look = async () => [
        ...[await inside(name), await engines.docker('diff', name), await groups(name)],
        await engines.machine.host.sh(SNAPSHOT),
      ];
      const before = await look();
      await open('--engine', 'docker', name);
      expect(await look()).toEqual(before);
      expect(await programs(name)).not.toContain('secure-probe');
    },
    60_000,
  );

  it('names the socket that answers, and the programs outside', async () => {
    const { stdout } = await engines.probe('--engine', 'docker', 'shares', '--json');
    const results = (JSON.parse(stdout) as ReportJson).audited[0]?.results ?? [];
    const keys = (id: string) => results.find((one) => one.id === id)?.problems?.map(({ key }) => key);
    expect(keys('SEC-PROBE-0024')).toEqual(
      ['/run/docker.sock', '/var/run/docker.sock'].filter((path) => path === '/run/docker.sock'),
    );
    expect(keys('SEC-PROBE-0021')).toContain('sleep');
    expect(keys('SEC-PROBE-0027')).toEqual(['ipc', 'uts']);
  });

  it('in podman, whose filter lets user namespaces be made', async () => {
    await engines.started('podman', 'plain');
    const found = await open('--engine', 'podman', 'plain');
    expect([...found].sort()).toEqual(
      [
        ...['PROBE-0001', 'PROBE-0002', 'PROBE-0006', 'PROBE-0010', 'PROBE-0018', 'PROBE-0022', 'PROBE-0023'],
        ...['CONTAINER-0003', 'CONTAINER-0004', 'CONTAINER-0005', 'CONTAINER-0007', 'CONTAINER-0021'],
      ].sort(),
    );
    expect(await engines.podman('diff', 'plain')).not.toContain('secure-probe');
    const { stdout } = await engines.probe('--compare', '--json', 'docker:plain', 'podman:plain');
    const rows = Object.fromEntries(
      (JSON.parse(stdout) as Comparison).rows.map(({ title, cells: both }) => [title, both]),
    );
    expect(rows).toMatchObject({
      'capabilities, effective': ['14', '11'],
      'unshare-user': ['EPERM', 'allowed'],
      'clone3-user': ['ENOSYS (filter)', 'allowed'],
      'io-uring': ['allowed', 'ENOSYS (filter)'],
      'socket-raw': ['allowed', 'EPERM'],
      keyctl: ['EPERM', 'allowed'],
    });
  }, 60_000);

  it('in an image with one program, read-only, as a user', async () => {
    await engines.scratch();
    await engines.docker(
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      'scratch',
      '--read-only',
      '--user',
      '10001:10001',
      'scratched',
    );
    expect(await cells('--engine', 'docker', 'scratch')).toMatchObject({
      ...{ 'user inside': '10001', 'root read-only': 'yes', 'capabilities, effective': 'none', mount: 'EPERM' },
    });
    expect(await engines.docker('diff', 'scratch')).not.toContain('secure-probe');
  }, 60_000);

  describe('where no memory of its own can be written', () => {
    // Then its engine copies it to the root, which is told to remove itself.
    const HOSTS = ['-v', '/dev:/dev'];
    it('root removes it', async () => {
      await engines.started('docker', 'copied', ...HOSTS);
      expect(await cells('--engine', 'docker', 'copied')).toMatchObject({ 'user inside': '0', mount: 'EPERM' });
      expect(await engines.docker('diff', 'copied')).not.toContain('secure-probe');
      expect(await engines.machine.host.sh('ls /dev')).not.toContain('secure-probe');
    }, 60_000);
    it('another user leaves an empty file, and that is said', async () => {
      await engines.started('docker', 'user', '--user', '10001', ...HOSTS);
      const { code, stderr } = await engines.probe('--engine', 'docker', 'user', '--fail-on', 'none');
      const name = /\/(secure-probe-[0-9a-f]{24}) is left in it/.exec(stderr)?.[1] ?? 'nothing';
      expect([code, await engines.docker('exec', '--user', '0', 'user', 'stat', '-c', '%s %a %u', `/${name}`)]).toEqual(
        [0, '0 0 0\n'],
      );
    }, 60_000);
    it('a read-only root is an error with another way', async () => {
      await engines.started('docker', 'closed-off', '--read-only', ...HOSTS);
      const result = await engines.probe('--engine', 'docker', 'closed-off');
      expect([errorCode(result), result.code]).toEqual(['AUDIT_UNREADABLE', 2]);
      expect(result.stderr).toContain('secure probe --path');
    }, 60_000);
  });

  it('who may use the engine and is not root sees the same', async () => {
    const { stdout, stderr } = await engines.probeAsUser('--engine', 'docker', 'plain', '--json');
    const failed = (JSON.parse(stdout) as ReportJson).audited[0]?.results
      .filter(({ status }) => status === 'fail')
      .map(({ id }) => id.slice(4));
    expect([stderr, [...(failed ?? [])].sort()]).toEqual(['', [...DOCKER].sort()]);
    expect(await engines.docker('diff', 'plain')).not.toContain('secure-probe');
  }, 60_000);

  it('mounted by hand it says the same', async () => {
    const path = (await engines.probe('--path')).stdout.trim();
    const words = ['run', '--rm', '--network', 'none', '-v', `${path}:/secure-probe:ro`, 'probed', '/secure-probe'];
    await engines.machine.host.sh(`docker ${words.join(' ')} > /run/mounted.json`);
    const report = await engines.probe('/run/mounted.json', '--json');
    const failed = (JSON.parse(report.stdout) as ReportJson).audited[0]?.results
      .filter(({ status }) => status === 'fail')
      .map(({ id }) => id.slice(4));
    // The probe is process 1 there, which it does not trace.
    expect([...(failed ?? [])].sort()).toEqual(DOCKER.filter((id) => id !== 'PROBE-0006').sort());
  }, 60_000);

  it('of a filter that kills says so, call by call', async () => {
    const kills = [
      'unshare',
      'clone3',
      'mount',
      'ptrace',
      'bpf',
      'io_uring_setup',
      'personality',
      'landlock_create_ruleset',
      'getgroups',
    ];
    const profile = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: kills, action: 'SCMP_ACT_KILL_PROCESS' }] };
    await engines.machine.host.sh('cat > /run/kills.json', JSON.stringify(profile));
    await engines.started('docker', 'kills', '--security-opt', 'seccomp=/run/kills.json');
    const found = await cells('--engine', 'docker', 'kills');
    for (const name of [
      'unshare-user',
      // The profile is for one architecture.
      'unshare-user-32-bit',
      'clone3-user',
      'mount',
      'userns-mount-proc',
      'ptrace-first-process',
      'bpf-kprobe',
      'io-uring',
      'personality-no-randomize',
    ])
      expect([name, found[name]]).toEqual([name, 'killed']);
    // A section that could not be read costs that section.
    expect([found['user inside'], found['no_new_privs'], found.keyctl]).toEqual(['?', 'no', 'allowed']);
    expect(await open('--engine', 'docker', 'kills')).toContain('CONTAINER-0005?');
  }, 60_000);

  it('under a filter that kills for almost everything it ends, and passes little', async () => {
    const profile = JSON.parse(readFileSync(new URL('./fixtures/probe-strict-seccomp.json', import.meta.url), 'utf8'));
    await engines.machine.host.sh('cat > /run/strict.json', JSON.stringify(profile));
    // Of a runtime that loads it last: what another one does between that and the program would have to be allowed, too.
    await engines.started('docker', 'little', '--runtime', 'fitting', '--security-opt', 'seccomp=/run/strict.json');
    const found = await cells('--engine', 'docker', 'little');
    const killed = Object.values(found).filter((cell) => cell === 'killed').length;
    expect(killed).toBeGreaterThan(25);
    expect(Object.values(found)).not.toContain('failed');
  }, 60_000);

  it('of a container that stops it says so, and leaves nothing', async () => {
    const script =
      'while :; do for p in /proc/[0-9]*; do case $(readlink $p/exe) in /dev/secure-probe*) kill -STOP ${p#/proc/};; esac; done; done 2>/dev/null';
    await engines.docker('run', '-d', '--network', 'none', '--name', 'stops', 'probed', 'sh', '-c', script);
    // It is caught while it lives, a tenth of a second, or the next time.
    const probe = () => engines.probe('--engine', 'docker', 'stops', '--timeout', '3');
    let result = await probe();
    for (let i = 0; i < 50 && result.code <= 1; i++) result = await probe();
    expect([errorCode(result), result.code]).toEqual(['AUDIT_UNREADABLE', 2]);
    const left = await engines.docker(
      'exec',
      'stops',
      'sh',
      '-c',
      'ls /dev; for p in /proc/[0-9]*; do readlink $p/exe; done; true',
    );
    expect(left).not.toContain('secure-probe');
  }, 60_000);

  it('finds a socket under another name, and in a directory of the host', async () => {
    const run = async (name: string, ...mounts: readonly string[]) => {
      await engines.started('docker', name, ...mounts.flatMap((mount) => ['-v', mount]));
      const { stdout } = await engines.probe('--engine', 'docker', name, '--json');
      const results = (JSON.parse(stdout) as ReportJson).audited[0]?.results ?? [];
      return results.find(({ id }) => id === 'SEC-PROBE-0024')?.problems?.map(({ key }) => key);
    };
    expect(await run('renamed', '/run/docker.sock:/srv/app')).toEqual(['/srv/app']);
    expect((await run('below', '/run:/host/run:ro'))?.sort()).toEqual(
      ['/host/run/docker.sock', '/host/run/podman/podman.sock', '/host/run/docker/containerd/containerd.sock'].sort(),
    );
  }, 60_000);

  // It runs on by itself where nothing stops it; the copy goes with whoever held it.
  it('that is killed leaves no copy', async () => {
    const host = engines.machine.host;
    const copies = async () => (await engines.docker('exec', 'stops', 'ls', '/dev')).match(/secure-probe-\w+/g) ?? [];
    const ended = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;
    let probe = engines.startProbe('--engine', 'docker', 'stops');
    // Seen five times it is one that was caught.
    let seen = 0;
    await until(
      'the copy is there',
      async () => {
        if (ended(probe)) probe = engines.startProbe('--engine', 'docker', 'stops');
        seen = (await copies()).length === 1 ? seen + 1 : 0;
        return seen === 5;
      },
      40,
    );
    await host.sh(`kill -9 $(pgrep -xf '.*cli.js probe --engine docker stops')`);
    await until('it is dead', () => ended(probe));
    await until('the copy is gone', async () => (await copies()).length === 0);
  }, 90_000);

  it.each([
    ['no such container', ['nobody'], 'NO_SUCH_CONTAINER'],
    ['a name that is a path of the API', ['..'], 'NO_SUCH_CONTAINER'],
    ['one that does not run', ['ended'], 'CONTAINER_NOT_RUNNING'],
  ])('%s is one error', async (_, args, code) => {
    if (args[0] === 'ended') await engines.docker('create', '--name', 'ended', 'probed');
    const result = await engines.probe('--engine', 'docker', ...args);
    expect([errorCode(result), result.code, result.stdout]).toEqual([code, 2, '']);
  });
});
