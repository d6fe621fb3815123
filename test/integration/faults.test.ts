// SPDX-License-Identifier: Apache-2.0
// Each system call of the runtime fails once, and each is once the last of its process. Whatever happens is reported, and
// nothing is left. FAULTS=all takes every call, FAULTS=N about N of each command; otherwise it is a part, the same each time.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bundle, type Config } from '../support/bundle.ts';
import { type Fault, Faults, inParallel, mounts, type Point, type Traced } from '../support/faults.ts';
import { cannotRun } from '../support/secure.ts';

/** Calls of each command; about 50 ms of a core each. */
const SAMPLE = process.env.FAULTS === 'all' ? Number.POSITIVE_INFINITY : Number(process.env.FAULTS ?? 40);
const ERRORS: readonly Fault[] = ['EIO', 'ENOMEM', 'EPERM'];

const arm = process.arch === 'arm64';
// Calls that never fail so: brk(2) returns the end that there is, and the C library's start counts on that; umask(2) has no error;
// wait4(2) has none for a child that is there.
const NEVER = arm ? [214, 166, 260] : [12, 95, 61];
// EPERM of a sysfs means that it cannot be made here, and the host's is shown, read-only: another view, and meant to be.
const FSCONFIG = 431;
const errorOf = (n: number, number: number): Fault =>
  ERRORS[n % (number === FSCONFIG ? ERRORS.length - 1 : ERRORS.length)] as Fault;
// What the C library says when it cannot begin.
const LIBC = /^(cannot|Fatal glibc error|: error while loading shared libraries: cannot)/;

// What a program can tell of its confinement. A fault that is survived must not have changed it.
const REPORT = `grep -vE '^(Pid|PPid|NSpid|NStgid|NSpgid|NSsid|Tgid|Vm|Rss|vol|nonvol|Hugetlb|Cpus_allowed|Mems_allowed|SigQ|FDSize|Threads|State|Name)' /proc/self/status
sed 's/^[0-9]* [0-9]* [0-9:]* //; s/secure-bundle-[^/ ]*//g' /proc/self/mountinfo; cat /proc/self/limits /proc/self/oom_score_adj; umask
ls /proc/self/fd /dev; hostname; cat /proc/sys/net/ipv4/ip_default_ttl; sed 's/secure-oci-[^/]*//g' /proc/self/cgroup`;

const rich = (config: Config & { hooks?: unknown }) => {
  config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 256, hard: 512 }];
  config.process.oomScoreAdj = 100;
  Object.assign(config.process.user as object, { umask: 0o27, additionalGids: [7] });
  config.mounts.push(
    { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'size=1m'] },
    { destination: '/etc', type: 'bind', source: 'rootfs/bin', options: ['rbind', 'ro', 'nosuid'] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro', 'nosuid', 'noexec', 'nodev'] },
  );
  Object.assign(config.linux, {
    sysctl: { 'net.ipv4.ip_default_ttl': '77' },
    resources: { devices: [{ allow: false, access: 'rwm' }], pids: { limit: 50 } },
    seccomp: {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['keyctl', 'add_key'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
    },
  });
};
const inUserNamespace = (config: Config & { hooks?: unknown }) => {
  rich(config);
  config.linux.namespaces.push({ type: 'user' });
  const map = [{ containerID: 0, hostID: 2_000_000_000, size: 65536 }];
  Object.assign(config.linux, { uidMappings: map, gidMappings: map });
  const hook = { path: '/bin/true', args: ['true'], env: ['PATH=/bin'] };
  config.hooks = { createRuntime: [hook], startContainer: [hook], poststart: [hook], poststop: [hook] };
};

const changed = (before: string, after: string): string => {
  const lines = new Set(before.split('\n'));
  return JSON.stringify(after.split('\n').filter((line) => !lines.has(line)));
};

interface Subject {
  readonly name: string;
  readonly bundle: 'plain' | 'user';
  /** What comes before. */
  readonly before: readonly string[];
  readonly command: (id: string) => string[];
  /** The container's waiting process is followed too. */
  readonly init?: boolean;
}
const created = ['create'];
const running = ['create', 'start'];
const SUBJECTS: readonly Subject[] = [
  { name: 'create', bundle: 'plain', before: [], command: (id) => ['create', '--bundle', '', id] },
  { name: 'create in a user namespace', bundle: 'user', before: [], command: (id) => ['create', '--bundle', '', id] },
  { name: 'start', bundle: 'user', before: created, command: (id) => ['start', id], init: true },
  { name: 'exec', bundle: 'plain', before: running, command: (id) => ['exec', id, 'sh', '-c', REPORT] },
  {
    name: 'exec in a user namespace',
    bundle: 'user',
    before: running,
    command: (id) => ['exec', id, 'sh', '-c', REPORT],
  },
  { name: 'kill', bundle: 'plain', before: running, command: (id) => ['kill', '--all', id, 'KILL'] },
  { name: 'delete', bundle: 'plain', before: [...running, 'kill'], command: (id) => ['delete', id] },
  { name: 'delete --force', bundle: 'user', before: running, command: (id) => ['delete', '--force', id] },
  { name: 'run', bundle: 'plain', before: [], command: (id) => ['run', '--bundle', 'report', id] },
  { name: 'run in a user namespace', bundle: 'user', before: [], command: (id) => ['run', '--bundle', 'report', id] },
];

describe.skipIf(cannotRun())('at each of its system calls', () => {
  let faults: Faults;
  const bundles: Bundle[] = [];
  const paths = {} as Record<'plain' | 'user', { waits: string; reports: string }>;
  let ids = 0;

  beforeAll(() => {
    faults = new Faults();
    for (const [name, change] of [
      ['plain', rich],
      ['user', inUserNamespace],
    ] as const) {
      const make = (args: string[]) => {
        const bundle = new Bundle();
        bundles.push(bundle);
        bundle.write(args, (config) => {
          change(config);
          (config.mounts.find((m) => m.type === 'bind') as { source: string }).source = join(bundle.rootfs, 'bin');
        });
        return bundle.directory;
      };
      paths[name] = { waits: make(['sleep', '600']), reports: make(['sh', '-c', REPORT]) };
    }
  });
  afterAll(async () => {
    faults.remove();
    for (const bundle of bundles) bundle.remove();
  });

  const words = (subject: Subject, id: string) => {
    const { waits, reports } = paths[subject.bundle];
    return subject.command(id).map((word) => (word === '' ? waits : word === 'report' ? reports : word));
  };

  /** The container as the command needs it; the pid of its process. */
  async function prepare(subject: Subject, id: string): Promise<number | undefined> {
    for (const step of subject.before) {
      const args =
        step === 'create'
          ? ['create', '--bundle', paths[subject.bundle].waits, id]
          : step === 'kill'
            ? ['kill', id, 'KILL']
            : [step, id];
      const { code, stderr } = await faults.call(...args);
      if (code !== 0) throw new Error(`${step}: ${stderr}`);
    }
    if (subject.before.includes('kill'))
      while ((JSON.parse((await faults.call('state', id)).stdout) as { status: string }).status !== 'stopped');
    return subject.before.length === 0
      ? undefined
      : (JSON.parse((await faults.call('state', id)).stdout) as { pid: number }).pid;
  }

  async function attempt(subject: Subject, point?: Point): Promise<{ id: string; traced: Traced; since: string }> {
    const id = `fault-${process.pid}-${ids++}`;
    const since = mounts();
    const pid = await prepare(subject, id);
    return {
      id,
      since,
      traced: await faults.traced(words(subject, id), point, subject.init === true ? pid : undefined),
    };
  }

  async function pointsOf(
    subject: Subject,
    faultOf: (n: number, number: number) => Fault,
    sample = SAMPLE,
  ): Promise<{ points: (Point & { number: number })[]; good: Traced }> {
    const { id, since, traced: good } = await attempt(subject);
    expect([good.end, good.value, good.stderr]).toEqual(['exit', 0, '']);
    await faults.call('delete', '--force', id);
    expect(await faults.left(id, good.processes, since)).toEqual([]);
    const next = new Map<number, number>();
    const points = good.calls.map(({ process, number }, n) => {
      const call = next.get(process) ?? 0;
      next.set(process, call + 1);
      return { process, call, number, fault: faultOf(n, number) };
    });
    const step = Math.max(1, points.length / sample);
    return { good, points: points.filter((_, n) => Math.floor(n / step) !== Math.floor((n - 1) / step)) };
  }

  it.each(SUBJECTS)(
    '$name fails: it is reported, and nothing is left',
    async (subject) => {
      const { points, good } = await pointsOf(subject, errorOf);
      const problems: string[] = [];
      const possible = points.filter(({ number }) => !NEVER.includes(number));
      await inParallel(possible, async (point) => {
        const { id, since, traced } = await attempt(subject, point);
        const problem = (what: string) =>
          problems.push(
            `${what}: ${JSON.stringify(point)}, call ${traced.failed}: ${traced.end} ${traced.value} ${traced.stderr.trim()}`,
          );
        if (traced.end === 'hang' || (traced.end === 'signal' && !LIBC.test(traced.stderr)))
          problem('no end of its own');
        else if (traced.value !== 0 && !/error [A-Z_]+: ./.test(traced.stderr) && !LIBC.test(traced.stderr))
          problem('no message');
        else if (traced.value === 0 && traced.stdout !== good.stdout)
          problem(`another confinement: ${changed(good.stdout, traced.stdout)}`);
        if (traced.value !== 0 && subject.before.length === 0 && !subject.name.startsWith('run')) {
          const left = await faults.left(id, traced.processes, since);
          if (left.length > 0) problem(`left without delete: ${left}`);
        }
        const { code, stderr } = await faults.call('delete', '--force', id);
        if (code !== 0) problem(`delete --force: ${stderr}`);
        const left = await faults.left(id, traced.processes, since);
        if (left.length > 0) problem(`left: ${left}`);
      });
      expect(problems).toEqual([]);
    },
    1_800_000,
  );

  it.each(SUBJECTS)(
    '$name is killed: --force removes what is left, which no command trips over',
    async (subject) => {
      const { points } = await pointsOf(subject, () => 'kill', SAMPLE / 2);
      const problems: string[] = [];
      await inParallel(points, async (point) => {
        const { id, since, traced } = await attempt(subject, point);
        const problem = (what: string) =>
          problems.push(
            `${what}: ${JSON.stringify(point)}, call ${traced.failed}: ${traced.end} ${traced.value} ${traced.stderr.trim()}`,
          );
        // The other side notices, and does not wait for what will not come.
        if (traced.end === 'hang' || (point.process !== 0 && traced.end === 'signal')) problem('no end of its own');
        if (
          point.process !== 0 &&
          traced.end === 'exit' &&
          traced.value !== 0 &&
          traced.value !== 137 &&
          !/error [A-Z_]+: ./.test(traced.stderr)
        )
          problem('no message');
        const state = await faults.call('state', id);
        if (state.code !== 0 && !/error (NO_SUCH_CONTAINER|CONTAINER_CREATING): /.test(state.stderr))
          problem(`state: ${state.stderr}`);
        const list = await faults.call('list', '--format', 'json');
        if (list.code !== 0 || list.stderr !== '') problem(`list: ${list.stderr}`);
        for (const round of ['', 'created anew, ']) {
          const again =
            round === '' ? undefined : await faults.call('create', '--bundle', paths[subject.bundle].waits, id);
          if (again !== undefined && again.code !== 0) problem(`create of the same id: ${again.stderr}`);
          const { code, stderr } = await faults.call('delete', '--force', id);
          if (code !== 0) problem(`${round}delete --force: ${stderr}`);
          const left = await faults.left(id, traced.processes, since);
          if (left.length > 0) problem(`${round}left: ${left}`);
        }
      });
      expect(problems).toEqual([]);
    },
    1_800_000,
  );

  it('leaves no process of the runtime or of a container', () => {
    for (const bundle of bundles) expect(faults.processes(join(bundle.rootfs, 'bin/busybox'))).toEqual([]);
  });
});
