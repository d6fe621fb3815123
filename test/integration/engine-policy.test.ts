// SPDX-License-Identifier: Apache-2.0
// A policy underneath an engine, on a real kernel and without the engine: what is in force in the container, and what is refused.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fileIo, loadPolicy } from '../../src/policies/index.ts';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { compiledText, installPolicy } from '../../src/runtime/engine-policy.ts';
import { Bundle, type Config } from '../support/bundle.ts';

const DOCKERS = [
  ...['CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID', 'SETUID', 'SETFCAP', 'SETPCAP'],
  ...['NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE'],
].map((name) => `CAP_${name}`);

/** What dockerd hands over for `docker run IMAGE`, in what counts here. */
function asDocker(config: Config): void {
  config.process.capabilities = { bounding: DOCKERS, effective: DOCKERS, permitted: DOCKERS };
  config.process.noNewPrivileges = false;
  config.linux.maskedPaths = [];
}

describe('a policy underneath an engine', () => {
  let home: Bundle;
  let policies: string;
  let log: string;
  let docker: string;
  let bundle: Bundle;

  const compiled = async (name: string, text: string): Promise<string> => {
    const file = join(home.directory, `${name}.yaml`);
    writeFileSync(file, `apiVersion: secure/v1\nkind: Policy\n${text}`);
    const directory = join(home.directory, name);
    await installPolicy(directory, compiledText(await loadPolicy(file, fileIo([])), log));
    return directory;
  };
  const run = (directory: string, args: readonly string[], change: (config: Config) => void = () => {}) => {
    bundle.write(args, (config) => {
      asDocker(config);
      change(config);
    });
    return bundle.call(['--policy', directory, 'run', '--bundle', bundle.directory, bundle.id]);
  };
  const decisions = (): { command: string; decision: string; digest: string; refused: { control: string }[] }[] =>
    readFileSync(log, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  beforeAll(async () => {
    home = new Bundle();
    log = join(home.directory, 'log/engines.log');
    policies = await compiled('default', 'extends: [default]\nrun: { memory: 256Mi, pids: 100 }\n');
    docker = await compiled('docker', `extends: [default]\nrun: { engines: { roots: [${home.directory}] } }\n`);
  });
  afterAll(() => home.remove());
  beforeEach(() => {
    bundle = new Bundle();
  });
  afterEach(() => bundle.remove());

  it('tightens what docker asks for, and the kernel has it', () => {
    const said = run(policies, [
      ...['sh', '-c'],
      'grep -E "^(Cap|NoNew|Seccomp)" /proc/self/status; cat /proc/self/limits; wc -c < /proc/interrupts; cat /proc/self/cgroup; grep -E " /(proc|dev) " /proc/self/mountinfo',
    ]);
    expect(said, said.stderr).toMatchObject({ code: 0 });
    const allowed = (1 << 0) | (1 << 1) | (1 << 3) | (1 << 4) | (1 << 5) | (1 << 6) | (1 << 7) | (1 << 10);
    expect(said.stdout).toContain(`CapBnd:\t${allowed.toString(16).padStart(16, '0')}`);
    expect(said.stdout).toMatch(/^NoNewPrivs:\t1$/m);
    expect(said.stdout).toMatch(/^Seccomp_filters:\t1$/m);
    expect(said.stdout).toMatch(/^Max core file size\s+0\s+0\s/m);
    // Masked: /dev/null is there instead.
    expect(said.stdout).toMatch(/^0$/m);
    // A cgroup namespace of its own: its group is the root.
    expect(said.stdout).toMatch(/^\d+:pids:\/$/m);
    expect(decisions().at(-1)).toMatchObject({ command: 'create', decision: 'allow' });
  });

  it("loads its filter around the engine's own, and both decide", () => {
    const own = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['sethostname', 'mknodat', 'mknod'], action: 'SCMP_ACT_ERRNO', errnoRet: 95 }],
    };
    const said = run(
      policies,
      ['sh', '-c', 'grep Seccomp_filters /proc/self/status; mknod /tmp/x p; hostname x'],
      (config) => {
        config.linux.seccomp = own;
      },
    );
    expect(said.stdout).toContain('Seccomp_filters:\t2');
    expect(said.stderr).toContain('mknod: /tmp/x: Operation not supported');
    expect(said.code).not.toBe(0);
  });

  const REFUSED: readonly (readonly [string, string, (config: Config) => void])[] = [
    ['privileged', 'capabilities', (c) => (c.process.capabilities = { bounding: [...DOCKERS, 'CAP_SYS_ADMIN'] })],
    ['no capabilities at all are said', 'capabilities', (c) => delete c.process.capabilities],
    ...(['pid', 'network', 'ipc', 'uts'] as const).map((type): [string, string, (config: Config) => void] => [
      `the host's ${type} namespace`,
      'engines.hostNamespaces',
      (c) => (c.linux.namespaces = c.linux.namespaces.filter((ns) => ns.type !== type)),
    ]),
    [
      "the host's network namespace by its path",
      'engines.hostNamespaces',
      (c) =>
        (c.linux.namespaces = c.linux.namespaces.map((ns) =>
          ns.type === 'network' ? { ...ns, path: '/proc/self/ns/net' } : ns,
        )),
    ],
    ['all devices', 'engines.devices', (c) => (c.linux.resources = { devices: [{ allow: true, access: 'rwm' }] })],
    ['a disk', 'engines.devices', (c) => (c.linux.devices = [{ path: '/dev/null2', type: 'b', major: 8, minor: 0 }])],
    ...['/', '/etc', '/var/run', '/var/lib', '/proc/sys'].map((source): [string, string, (config: Config) => void] => [
      `the host's ${source}`,
      'binds.deny',
      (c) => c.mounts.push({ destination: '/host', type: 'bind', source, options: ['rbind'] }),
    ]),
    [
      'proc elsewhere, where nothing is masked',
      'maskedPaths',
      (c) => c.mounts.push({ destination: '/tmp', type: 'proc', source: 'proc', options: [] }),
    ],
    [
      'a file system of a disk',
      'binds.sources',
      (c) => c.mounts.push({ destination: '/tmp', type: 'ext4', source: '/dev/sda1', options: [] }),
    ],
    [
      'a remount',
      'binds.access',
      (c) => c.mounts.push({ destination: '/proc', type: 'none', source: '', options: ['remount', 'rw'] }),
    ],
  ];
  it.each(REFUSED)('refuses %s, and says where the policy says so', (_, control, change) => {
    const said = run(policies, ['true'], change as (config: Config) => void);
    expect(said.code).toBe(1);
    expect(said.stderr).toContain('POLICY_REFUSED');
    expect(said.stderr).toContain(`run.${control}, builtin:default:`);
    expect(decisions().at(-1)).toMatchObject({ decision: 'refuse', refused: [{ control }] });
    expect(bundle.call(['state', bundle.id]).code).not.toBe(0);
  });

  it('refuses a link of the host that leads to what is refused', () => {
    mkdirSync(join(bundle.directory, 'srv'));
    symlinkSync('/etc', join(bundle.directory, 'srv/link'));
    const said = run(policies, ['true'], (c) =>
      c.mounts.push({
        destination: '/tmp',
        type: 'bind',
        source: join(bundle.directory, 'srv/link/ssh/..'),
        options: ['rbind'],
      }),
    );
    expect(said.stderr).toMatch(/\/etc is in \/etc/);
  });

  it('refuses a volume that somebody has mounted something of the host on', () => {
    const volume = join(home.directory, 'volumes/v/_data');
    mkdirSync(volume, { recursive: true });
    bundle.write(['true'], (c) => {
      asDocker(c);
      c.mounts.push({ destination: '/tmp', type: 'bind', source: volume, options: ['rbind'] });
    });
    const words = [
      '--root',
      join(bundle.directory, 'state'),
      '--policy',
      docker,
      'run',
      '--bundle',
      bundle.directory,
      bundle.id,
    ];
    const withMount = (mount: string) =>
      spawnSync('unshare', ['-m', 'sh', '-c', `${mount} && exec "$0" "$@"`, runtimeBinary(), ...words], {
        encoding: 'utf8',
      });
    expect(withMount('true')).toMatchObject({ status: 0, stderr: '' });
    expect(withMount(`mount -t tmpfs none ${volume}`)).toMatchObject({ status: 0, stderr: '' });
    expect(withMount(`mount --bind /etc ${volume}`).stderr).toMatch(
      /POLICY_REFUSED.*_data is \/etc of the host, mounted there/,
    );
    const run = withMount(`mount --bind /run ${volume}`);
    expect(run.stderr).toMatch(/POLICY_REFUSED.*_data is \/run of the host, mounted there/);
  });

  it('makes binds nosuid and nodev, whatever is asked for, and keeps mounts from the host', () => {
    mkdirSync(join(bundle.directory, 'srv'));
    const said = run(policies, ['cat', '/proc/self/mountinfo'], (c) =>
      c.mounts.push({
        destination: '/tmp',
        type: 'bind',
        source: join(bundle.directory, 'srv'),
        options: ['rbind', 'suid', 'dev', 'rshared'],
      }),
    );
    const line = said.stdout.split('\n').find((each) => each.includes(' /tmp ')) ?? '';
    expect(line).toMatch(/nosuid.*nodev|nodev.*nosuid/);
    expect(line).not.toContain('shared:');
  });

  it('holds exec to the same: a privileged one is refused, and a plain one is tightened', () => {
    bundle.write(['sleep', '60'], asDocker);
    const held = (...words: string[]) => bundle.call(['--policy', policies, ...words]);
    // It keeps its streams, which must be none that are waited for.
    const created = bundle.call(['--policy', policies, 'create', '--bundle', bundle.directory, bundle.id], {
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    expect(created).toMatchObject({ code: 0 });
    expect(held('start', bundle.id)).toMatchObject({ code: 0 });
    const state = JSON.parse(held('state', bundle.id).stdout) as { annotations: Record<string, string> };
    expect(state.annotations['run.secure.policy']).toBe(decisions().at(-1)?.digest);
    const status = held('exec', bundle.id, 'grep', '-E', '^(CapEff|NoNewPrivs|Seccomp_filters)', '/proc/self/status');
    expect(status.stdout).toBe('CapEff:\t00000000000004fb\nNoNewPrivs:\t1\nSeccomp_filters:\t1\n');
    // A domain of Landlock of its own does not keep it from what runs there.
    expect(held('exec', bundle.id, 'kill', '-0', '1')).toMatchObject({ code: 0, stderr: '' });
    const privileged = held('exec', '--cap', 'CAP_SYS_ADMIN', bundle.id, 'true');
    expect(privileged.code).toBe(255);
    expect(privileged.stderr).toMatch(/POLICY_REFUSED.*CAP_SYS_ADMIN/);
    const file = join(bundle.directory, 'process.json');
    const all = { bounding: ['CAP_SYS_MODULE'], effective: ['CAP_SYS_MODULE'], permitted: ['CAP_SYS_MODULE'] };
    writeFileSync(file, JSON.stringify({ args: ['true'], cwd: '/', user: { uid: 0, gid: 0 }, capabilities: all }));
    expect(held('exec', '--process', file, bundle.id).stderr).toContain('CAP_SYS_MODULE');
    // Updates are bounded, and what is kept of one is what it was made.
    expect(held('update', '--memory', '-1', '--pids-limit', '5000', bundle.id)).toMatchObject({ code: 0 });
    const limits = held('exec', bundle.id, 'cat', '/proc/self/cgroup').stdout;
    expect(limits).not.toBe('');
    const group = bundle.call(['events', '--stats', bundle.id]).stdout;
    expect(JSON.parse(group)).toMatchObject({
      data: { pids: { limit: 100 }, memory: { usage: { limit: 256 * 2 ** 20 } } },
    });
    expect(held('update', '--memory', '64M', bundle.id)).toMatchObject({ code: 0 });
    expect(JSON.parse(bundle.call(['events', '--stats', bundle.id]).stdout)).toMatchObject({
      data: { memory: { usage: { limit: 64 * 2 ** 20 } } },
    });
    const added = join(bundle.directory, 'mounts.json');
    writeFileSync(added, JSON.stringify([{ destination: '/tmp', type: 'bind', source: '/etc', options: ['rbind'] }]));
    expect(held('mounts', 'add', bundle.id, added).stderr).toContain('POLICY_REFUSED');
    expect(held('restore', '--bundle', bundle.directory, `${bundle.id}x`).stderr).toContain('POLICY_REFUSED');
    // Nothing of it stands in the way of its end.
    expect(held('kill', bundle.id, 'KILL')).toMatchObject({ code: 0 });
    expect(held('delete', '--force', bundle.id)).toMatchObject({ code: 0 });
  });

  it('makes the root read-only with places to write, which Landlock confines as well', async () => {
    const strict = await compiled(
      'strict',
      `extends: [strict]\nrun: { engines: { userNamespace: wished, roots: [${home.directory}] } }\n`,
    );
    // Where podman's driver for plain directories would have it: strict allows no other path of the host.
    expect(run(strict, ['true']).stderr).toMatch(/run.binds.sources, builtin:strict:/);
    const root = join(home.directory, 'vfs/dir/r');
    cpSync(bundle.rootfs, root, { recursive: true, verbatimSymlinks: true });
    expect(run(strict, ['true']).stderr).toMatch(/run.user.nonRoot, builtin:strict:\d+/);
    const said = run(
      strict,
      ['sh', '-c', 'echo x > /tmp/x && cat /tmp/x; echo 5 > /proc/self/oom_score_adj; echo x > /x'],
      (c) => {
        c.process.user = { uid: 1000, gid: 1000 };
        Object.assign(c, { root: { path: root } });
        c.linux.maskedPaths = [];
      },
    );
    expect(said.stdout).toBe('x\n');
    expect(said.stderr).toContain("can't create /proc/self/oom_score_adj: Permission denied");
    expect(said.stderr).toContain("can't create /x: Read-only file system");
    const asked = await compiled('userns', 'extends: [strict]\nrun: { user: { nonRoot: true } }\n');
    const refused = run(asked, ['true'], (c) => (c.process.user = { uid: 1000, gid: 1000 }));
    expect(refused.stderr).toMatch(/run.engines.userNamespace, builtin:strict:\d+/);
  });

  it('refuses every container when the policy is not there, and by its name alone', () => {
    const missing = run(join(home.directory, 'nosuch'), ['true']);
    expect(missing).toMatchObject({ code: 1 });
    expect(missing.stderr).toContain('POLICY_MISSING');
    const named = join(home.directory, 'secure-runtime-policy');
    if (!existsSync(named)) symlinkSync(runtimeBinary(), named);
    bundle.write(['true']);
    // The machine's own directory is covered, so that what is there does not count.
    const words = ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /etc && exec "$0" "$@"'];
    const run1 = () =>
      execFileSync(
        words[0] as string,
        [
          ...words.slice(1),
          named,
          '--root',
          join(bundle.directory, 'state'),
          'run',
          '--bundle',
          bundle.directory,
          bundle.id,
        ],
        {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
    expect(run1).toThrow(/POLICY_MISSING/);
  });
});
