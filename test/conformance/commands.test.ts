// SPDX-License-Identifier: Apache-2.0
// docs/runtime.md, "Commands of an OCI runtime": what engines and their suites read from the commands.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, rmdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { Lifecycle } from '../support/lifecycle.ts';
import { cannotRun } from '../support/secure.ts';

const as = (argv0: string, ...args: string[]) => spawnSync(runtimeBinary(), args, { encoding: 'utf8', argv0 });

describe('called by another name', () => {
  it('help and usage show the name that can be typed again', () => {
    expect(as('/usr/bin/runc', '--help').stdout).toMatch(/^NAME:\n {3}runc - Open Container Initiative runtime\n/);
    expect(as('runc', 'create', '-h').stdout).toMatch(/^NAME:\n {3}runc create - .+\n\nUsage: runc create \[/);
    for (const [command, operands] of Object.entries({
      start: 'CONTAINER',
      delete: 'CONTAINER',
      exec: 'CONTAINER cmd',
      mounts: '[add|remove] CONTAINER FILE',
    }))
      expect(as('crun', command, '--help').stdout).toContain(`Usage: crun [OPTION...] ${command} ${operands}`);
    expect(as('runc', 'create').stderr).toContain('usage: runc create [');
    expect(as('', 'create', '-h').stdout).toContain('   secure-runtime create - ');
  });

  it('--version says whose number it is', () => {
    const spec = 'spec: 1.3.0';
    const [first, commit, third] = as('runc', '-v').stdout.split('\n');
    expect(first).toMatch(/^runc version \d+\.\d+\.\d+ \(secure-runtime\)$/);
    expect(commit).toMatch(/^commit: ([0-9a-f]{40}(-dirty)?|unknown)$/);
    expect(third).toBe(spec);
    expect(as('secure-runtime', '--version').stdout).toMatch(/^secure-runtime version \d+\.\d+\.\d+\n/);
  });
});

describe.skipIf(cannotRun())('commands', () => {
  let container: Lifecycle;
  beforeEach(() => {
    container = new Lifecycle();
  });
  afterEach(() => container.remove());
  const shell = (script: string) =>
    spawnSync('bash', ['-c', script, runtimeBinary(), container.root, container.id], {
      encoding: 'utf8',
      timeout: 20_000,
    });
  const begin = () => {
    expect(container.create(['sleep', '1000']).code).toBe(0);
    expect(container.call('start', container.id).stderr).toBe('');
  };

  it('--root is made below a link that is there, as /var/run is, and not through one that leads nowhere', () => {
    const at = (name: string) => join(container.bundle.directory, name);
    mkdirSync(at('real'));
    symlinkSync('real', at('link'));
    symlinkSync('nowhere', at('dangling'));
    container.write(['true']);
    const run = (root: string) =>
      container.call('--root', at(root), 'run', '--bundle', container.bundle.directory, container.id);
    expect(run('link/moby/root')).toMatchObject({ code: 0, stderr: '' });
    expect(statSync(at('real/moby/root')).mode & 0o777).toBe(0o700);
    expect(run('dangling/root').code).not.toBe(0);
    expect(existsSync(at('nowhere'))).toBe(false);
  });

  it('--debug tells the steps of run and of exec, in the log or on stderr', () => {
    container.write(['true']);
    const { stderr } = container.with({}, '--debug', 'run', '--bundle', container.bundle.directory, container.id);
    for (const step of [
      'nsexec container setup: ',
      'child process in init(): ',
      'init: closing the pipe to signal completion',
    ])
      expect(stderr).toMatch(new RegExp(`level=debug msg="${step.replace(/[()]/g, '\\$&')}`));
    begin();
    const affinity = { initial: '0', final: '0' };
    const process = { args: ['true'], cwd: '/', user: { uid: 0, gid: 0 }, execCPUAffinity: affinity };
    writeFileSync(join(container.bundle.directory, 'process'), JSON.stringify(process));
    const log = join(container.bundle.directory, 'log');
    const file = join(container.bundle.directory, 'process');
    const quiet = container.call(
      '--debug',
      '--log',
      log,
      '--log-format',
      'json',
      'exec',
      '--process',
      file,
      container.id,
    );
    expect([quiet.code, quiet.stderr]).toEqual([0, '']);
    const said = shell(`cat ${log}`)
      .stdout.trim()
      .split('\n')
      .map((line) => JSON.parse(line).msg as string);
    expect(said).toContain('nsexec of exec: affinity: 0x1');
    expect(said).toContain('setns_init: about to exec true');
  });

  it('exec --process takes a pipe, although the runtime starts itself again', () => {
    begin();
    const process = { args: ['sh', '-c', 'echo said'], cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } };
    const { stdout, stderr } = shell(
      `"$0" --root "$1" exec --process <(sleep 0.2; echo '${JSON.stringify(process)}') "$2"`,
    );
    expect([stdout, stderr]).toEqual(['said\n', '']);
  });

  it.each(['TERM', 'INT', 'HUP', 'USR1'])(
    'kill %s ends what was created, although it is the first of its pid namespace',
    async (signal) => {
      expect(container.create(['sleep', '1000']).code).toBe(0);
      expect(container.call('kill', container.id, signal).stderr).toBe('');
      await container.until('stopped');
      expect(container.call('start', container.id).stderr).toContain('cannot start a container that has stopped');
    },
  );

  it('kill ends what was created at once, however slow it is to listen', async () => {
    container.write(['sleep', '1000']);
    // Each handler takes 20 ms to be set.
    const slow = [
      '-f',
      '-qq',
      '-o',
      '/dev/null',
      '-e',
      'trace=rt_sigaction',
      '-e',
      'inject=rt_sigaction:delay_enter=20000',
    ];
    const create = [
      runtimeBinary(),
      '--root',
      container.root,
      'create',
      '--bundle',
      container.bundle.directory,
      container.id,
    ];
    const done = join(container.bundle.directory, 'done');
    const traced = spawn('strace', [...slow, 'sh', '-c', '"$@" && echo > "$0"', done, ...create], { stdio: 'ignore' });
    const ended = once(traced, 'exit');
    await expect.poll(() => existsSync(done), { timeout: 20_000, interval: 5 }).toBe(true);
    expect(container.call('kill', container.id, 'USR2').stderr).toBe('');
    await container.until('stopped');
    expect(await ended).toEqual([0, null]);
  });

  it('what a program that has started does with these signals is its own business', async () => {
    container.create(['sh', '-c', 'grep Sig /proc/self/status > /sig; sleep 1000']);
    container.call('start', container.id);
    await expect.poll(() => shell(`cat ${container.bundle.rootfs}/sig`).stdout).toMatch(/^SigIgn:\t0+$/m);
    container.call('kill', container.id, 'TERM');
    expect(container.state().status).toBe('running');
  });

  it('CAP_DAC_OVERRIDE finds a program that the user alone could not execute', () => {
    chmodSync(join(container.bundle.rootfs, 'bin/busybox'), 0o700);
    const as = (sets: string[]) => {
      container.write(['true'], (config) => {
        config.process.user = { uid: 1000, gid: 1000 };
        config.process.capabilities = Object.fromEntries(sets.map((set) => [set, ['CAP_DAC_OVERRIDE']]));
      });
      return container.call('run', '--bundle', container.bundle.directory, container.id);
    };
    const sets = ['bounding', 'effective', 'permitted', 'inheritable', 'ambient'];
    expect(as(sets)).toMatchObject({ code: 0, stderr: '' });
    expect(as([])).toMatchObject({ code: 126, stderr: expect.stringContaining('permission denied') });
  });

  it('--debug tells the flags of a seccomp filter', () => {
    container.write(['true'], (config) => {
      const seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        flags: ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_TSYNC'],
      };
      Object.assign(config.linux, { seccomp });
    });
    const { stderr } = container.with({}, '--debug', 'run', '--bundle', container.bundle.directory, container.id);
    expect(stderr).toContain('msg="seccomp filter flags: 3"');
  });

  it('a program whose interpreter is missing is told in one line', () => {
    const script = join(container.bundle.rootfs, 'run.sh');
    writeFileSync(script, '#!/nowhere at all\n');
    chmodSync(script, 0o755);
    container.write(['/run.sh']);
    const ran = container.call('run', '--bundle', container.bundle.directory, container.id);
    expect([ran.code, ran.stderr.trim().split('\n')]).toEqual([
      127,
      [expect.stringContaining('exec /run.sh: no such file or directory')],
    ]);
  });

  const freezer = existsSync('/sys/fs/cgroup/freezer');
  it.skipIf(!freezer)('exec --ignore-paused waits for resume, and does not keep it out', async () => {
    begin();
    expect(container.call('pause', container.id).code).toBe(0);
    expect(container.call('exec', container.id, 'true').stderr).toContain('cannot exec in a paused container');
    const waiting = spawn(
      runtimeBinary(),
      ['--root', container.root, 'exec', '--ignore-paused', container.id, 'sh', '-c', 'echo ok'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let said = '';
    waiting.stdout.on('data', (chunk) => {
      said += chunk;
    });
    await new Promise((done) => setTimeout(done, 300));
    expect([said, waiting.exitCode]).toEqual(['', null]);
    expect(container.call('resume', container.id).code).toBe(0);
    if (waiting.exitCode === null) await once(waiting, 'exit');
    expect([said, waiting.exitCode]).toEqual(['ok\n', 0]);
  });

  it.skipIf(!freezer)('exec that waits in a paused container does not keep delete --force out', async () => {
    begin();
    expect(container.call('pause', container.id).code).toBe(0);
    const waiting = spawn(
      runtimeBinary(),
      ['--root', container.root, 'exec', '--ignore-paused', container.id, 'true'],
      { stdio: 'ignore' },
    );
    await new Promise((done) => setTimeout(done, 300));
    expect(container.call('delete', '--force', container.id).code).toBe(0);
    if (waiting.exitCode === null) await once(waiting, 'exit');
    expect(waiting.exitCode).not.toBe(0);
  });

  const v1 = existsSync('/sys/fs/cgroup/pids/tasks') && existsSync('/sys/fs/cgroup/cpu/tasks');
  it.skipIf(!v1)(
    'exec --cgroup goes below the group of the container, in all hierarchies or in those of a controller',
    () => {
      const path = `/secure-test-${container.id}`;
      container.create(['sleep', '1000'], (config) => {
        Object.assign(config.linux, { cgroupsPath: path });
        config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'cgroup');
      });
      container.call('start', container.id);
      const exec = (...groups: string[]) =>
        container.call(
          'exec',
          ...groups.flatMap((group) => ['--cgroup', group]),
          container.id,
          'cat',
          '/proc/self/cgroup',
        );
      expect(exec('..').stderr).toContain('bad sub cgroup path');
      expect(exec('pids:a/../../b').stderr).toContain('bad sub cgroup path');
      expect(exec('missing').stderr).toMatch(/ adding pid .*No such file or directory/);
      expect(exec('pids:missing').stderr).toMatch(/ adding pid .*No such file or directory/);
      expect(exec('whaaat:/').stderr).toContain('unknown controller whaaat');
      expect(exec(',pids:x').stderr).toContain('error USAGE');
      const own = (output: string) =>
        output
          .trim()
          .split('\n')
          .map((line) => line.split(':')[2]);
      expect(new Set(own(exec().stdout))).toEqual(new Set([path]));
      expect(new Set(own(exec('/').stdout))).toEqual(new Set([path]));
      const below = `/sys/fs/cgroup/pids${path}/below`;
      mkdirSync(below);
      const { stdout } = exec('pids:below');
      expect(stdout).toContain(`:pids:${path}/below\n`);
      expect(stdout).toContain(`:cpu:${path}\n`);
      expect(exec('below').stderr).toMatch(/ adding pid .*No such file or directory/);
      rmdirSync(below);
    },
  );
});
