// SPDX-License-Identifier: Apache-2.0
// runtime-spec 1.3, config.md#posix-platform-hooks and runtime.md#lifecycle.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../support/bundle.ts';
import { Lifecycle } from '../support/lifecycle.ts';
import { cannotRun } from '../support/secure.ts';

interface Hook {
  path: string;
  args?: string[];
  env?: string[];
  timeout?: number;
}
type Stage = 'prestart' | 'createRuntime' | 'createContainer' | 'startContainer' | 'poststart' | 'poststop';
const STAGES: readonly Stage[] = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
];

const code = (text: string): string | undefined => /error ([A-Z_]+)/.exec(text)?.[1];

describe.skipIf(cannotRun())('config.md#posix-platform-hooks', () => {
  let container: Lifecycle;
  const log = () => join(container.bundle.rootfs, 'log');
  const lines = () => (existsSync(log()) ? readFileSync(log(), 'utf8').trim().split('\n') : []);
  beforeEach(() => {
    container = new Lifecycle();
  });
  afterEach(() => container.remove());

  /** The log is where both sides can write it: inside, it is /log. */
  const noting = (stage: Stage, more = ''): Hook => ({
    path: '/bin/sh',
    args: ['sh', '-c', `f=${stage === 'startContainer' ? '/log' : log()}; s=$(cat); ${more} echo "${stage} $s" >> $f`],
    env: ['PATH=/usr/bin:/bin'],
  });
  const hooked = (hooks: Partial<Record<Stage, Hook[]>>) => (config: Config) => {
    Object.assign(config, { hooks });
  };
  const all = () => hooked(Object.fromEntries(STAGES.map((stage) => [stage, [noting(stage)]])));
  const run = () => container.call('run', '--bundle', container.bundle.directory, container.id);

  it('are run at their stages, in order, with the state on standard input', async () => {
    container.create(['sh', '-c', 'echo program >> /log'], all());
    expect(lines().map((line) => line.split(' ')[0])).toEqual(['prestart', 'createRuntime', 'createContainer']);
    container.call('start', container.id);
    await container.until('stopped');
    container.call('delete', container.id);
    const seen = lines();
    expect(seen.map((line) => line.split(' ')[0]).sort()).toEqual([...STAGES, 'program'].sort());
    // poststart and the program run at the same time.
    expect(seen.filter((line) => !line.startsWith('poststart')).map((line) => line.split(' ')[0])).toEqual([
      ...STAGES.slice(0, 4),
      'program',
      'poststop',
    ]);
    const state = Object.fromEntries(
      seen
        .filter((line) => line.includes('{'))
        .map((line) => [line.split(' ')[0], JSON.parse(line.slice(line.indexOf(' ')))]),
    );
    for (const stage of STAGES)
      expect(state[stage]).toMatchObject({ id: container.id, bundle: container.bundle.directory, ociVersion: '1.2.0' });
    expect(STAGES.map((stage) => state[stage].status)).toEqual([
      // "created" from the end of step 2 of the lifecycle on, which is before the first hook.
      'created',
      'created',
      'created',
      'created',
      'running',
      'stopped',
    ]);
    // The pid is the runtime's in its own namespace, the container's in the container's.
    expect([state.createContainer.pid, state.startContainer.pid]).toEqual([1, 1]);
    expect(state.createRuntime.pid).toBe(state.poststart.pid);
    expect(state.createRuntime.pid).toBeGreaterThan(1);
  });

  it('are run in the order in which they are listed', () => {
    container.write(
      ['true'],
      hooked({
        createRuntime: [1, 2, 3].map((n) => ({ path: '/bin/sh', args: ['sh', '-c', `echo ${n} >> ${log()}`] })),
      }),
    );
    expect(run().code).toBe(0);
    expect(lines()).toEqual(['1', '2', '3']);
  });

  it('get their own environment and no other (CVE-2025-23266), no descriptor of ours, and not the root as directory', () => {
    const look = (file: string): Hook => ({
      path: '/bin/sh',
      args: ['sh', '-c', `env > ${file}; ls -l /proc/self/fd >> ${file}; pwd >> ${file}`],
      env: ['ONLY=this'],
    });
    const host = join(container.bundle.directory, 'seen');
    container.write(['true'], (config) => {
      config.process.env.push('LD_PRELOAD=/evil.so');
      hooked({ createRuntime: [look(host)], createContainer: [look(`${host}2`)], poststop: [look(`${host}3`)] })(
        config,
      );
    });
    const { stderr } = container.with(
      { env: { LD_LIBRARY_PATH: '/nowhere' } },
      'run',
      '--bundle',
      container.bundle.directory,
      container.id,
    );
    expect(stderr).toBe('');
    for (const file of [host, `${host}2`, `${host}3`]) {
      const text = readFileSync(file, 'utf8');
      expect(text).toContain('ONLY=this');
      expect(text).not.toMatch(/LD_|PATH=/);
      // 3 is the directory that ls reads.
      expect(text).not.toMatch(/ [4-9] -> /);
      expect(text).not.toContain('rootfs');
    }
  });

  it('of createRuntime see the namespaces of the container, its mounts are made, and its root is not entered yet', () => {
    const script = `read s; pid=$(echo "$s" | sed 's/.*"pid":\\([0-9]*\\).*/\\1/'); readlink /proc/$pid/ns/net /proc/self/ns/net >> ${log()}; grep -c rootfs /proc/$pid/mountinfo >> ${log()}`;
    container.write(
      ['true'],
      hooked({ createRuntime: [{ path: '/bin/bash', args: ['bash', '-c', script], env: ['PATH=/usr/bin:/bin'] }] }),
    );
    expect(run().code).toBe(0);
    const [inside, outside] = lines();
    expect(inside).not.toBe(outside);
  });

  it('of prestart, createRuntime and createContainer see the mounts of the container where the bundle has its root', () => {
    const look =
      'test -e rootfs/proc/self && pwd > look && mkdir -p rootfs/tmp/made && mount -t tmpfs made rootfs/tmp/made';
    const enter = `pid=$(sed 's/.*"pid":\\([0-9]*\\).*/\\1/'); nsenter -m -t $pid test -e ${container.bundle.rootfs}/proc/1`;
    const hook = (script: string): Hook => ({
      path: '/bin/sh',
      args: ['sh', '-c', script],
      env: ['PATH=/usr/bin:/bin:/usr/sbin:/sbin'],
    });
    container.write(
      ['grep', '-c', 'tmpfs made', '/proc/self/mountinfo'],
      hooked({ prestart: [hook(enter)], createRuntime: [hook(enter)], createContainer: [hook(look)] }),
    );
    expect(run()).toMatchObject({ code: 0, stdout: '1\n', stderr: '' });
    expect(readFileSync(join(container.bundle.directory, 'look'), 'utf8')).toBe(`${container.bundle.directory}\n`);
    // None of it is on the host.
    expect(existsSync(join(container.bundle.rootfs, 'proc/self'))).toBe(false);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(container.bundle.directory);
  });

  it('write to the files that the annotations name', () => {
    const files = ['out', 'err'].map((name) => join(container.bundle.directory, name)) as [string, string];
    const speak: Hook = { path: '/bin/sh', args: ['sh', '-c', 'echo said; echo cried >&2'] };
    container.write(['true'], (config) => {
      Object.assign(config, {
        annotations: { 'run.oci.hooks.stdout': files[0], 'run.oci.hooks.stderr': files[1] },
      });
      hooked(Object.fromEntries(STAGES.map((stage) => [stage, [speak]])))(config);
    });
    expect(run()).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(['said\n'.repeat(6), 'cried\n'.repeat(6)]);
  });

  it('of startContainer run as the container, as its user', () => {
    container.write(['true'], (config) => {
      config.process.user = { uid: 1000, gid: 1000 };
      writeFileSync(log(), '', { mode: 0o666 });
      hooked({
        startContainer: [
          {
            path: '/bin/sh',
            args: ['sh', '-c', 'cat /proc/self/status | grep -E "^(Uid|CapEff)" >> /log; hostname >> /log'],
          },
        ],
      })(config);
    });
    const spoken = container.with(
      { prefix: ['sh', '-c', `chmod 666 ${log()}; exec "$@"`, 'sh'] },
      'run',
      '--bundle',
      container.bundle.directory,
      container.id,
    );
    expect(spoken.stderr).toBe('');
    expect(lines()[0]).toMatch(/^Uid:\t1000\t/);
    expect(lines()).toContain('escape');
  });

  it('of startContainer without an environment have the program’s, with its HOME', () => {
    container.write(['true'], (config) => {
      config.process.env = ['PATH=/bin', 'ONE=two'];
      const note = { path: '/bin/sh', args: ['sh', '-c', 'echo $ONE $HOME > /log'] };
      hooked({ startContainer: [note, { ...note, args: ['sh', '-c', 'echo .$ONE >> /log'], env: ['A=b'] }] })(config);
    });
    expect(run().stderr).toBe('');
    expect(lines()).toEqual(['two /', '.']);
  });

  it.each([
    ['SCMP_ACT_KILL', true, 'signal 31 (bad system call) ended it'],
    ['SCMP_ACT_KILL', false, 'signal 31 (bad system call) ended it'],
    ['SCMP_ACT_ERRNO', true, 'Operation not permitted'],
    ['SCMP_ACT_ERRNO', false, 'Operation not permitted'],
  ])(
    'of startContainer are under the program’s seccomp filter: %s, noNewPrivileges %s',
    (action, noNewPrivileges, said) => {
      container.write(['true'], (config) => {
        Object.assign(config.process, { noNewPrivileges, rlimits: [{ type: 'RLIMIT_CORE', soft: 0, hard: 0 }] });
        const seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir', 'mkdirat'], action }] };
        Object.assign(config.linux, { seccomp });
        hooked({ startContainer: [{ path: '/bin/busybox', args: ['busybox', 'mkdir', '/made'] }] })(config);
      });
      const { code: status, stderr } = run();
      expect([status, code(stderr)]).toEqual([1, 'HOOK_FAILED']);
      expect(stderr).toContain('error running startContainer hook #0');
      expect(stderr).toContain(said);
      expect(existsSync(join(container.bundle.rootfs, 'made'))).toBe(false);
    },
  );

  it.each(['prestart', 'createRuntime', 'createContainer', 'startContainer'] as const)(
    '%s: a failure MUST generate an error, stop the container and go on with poststop',
    (stage) => {
      container.write(
        ['sh', '-c', 'echo program >> /log'],
        hooked({ [stage]: [{ path: '/bin/false' }], poststop: [noting('poststop')] }),
      );
      if (stage === 'startContainer')
        container.write(
          ['sh', '-c', 'echo program >> /log'],
          hooked({ [stage]: [{ path: '/bin/sh', args: ['sh', '-c', 'exit 1'] }], poststop: [noting('poststop')] }),
        );
      const { code: status, stderr } = run();
      expect([status, code(stderr)]).toEqual([1, 'HOOK_FAILED']);
      expect(lines().map((line) => line.split(' ')[0])).toEqual(['poststop']);
      expect(container.call('list', '-q').stdout).toBe('');
    },
  );

  it('poststart: a failure MUST generate an error and stop the container (1.3)', () => {
    container.write(['sleep', '100'], hooked({ poststart: [{ path: '/bin/false' }], poststop: [noting('poststop')] }));
    const { stderr } = run();
    expect(code(stderr)).toBe('HOOK_FAILED');
    expect(lines().map((line) => line.split(' ')[0])).toEqual(['poststop']);
    expect(container.call('list', '-q').stdout).toBe('');
  });

  it('poststop: a failure is a warning, and the remaining hooks are run', () => {
    container.write(['true'], hooked({ poststop: [{ path: '/bin/false' }, noting('poststop')] }));
    const { code: status, stderr } = run();
    expect([status, code(stderr)]).toEqual([0, undefined]);
    expect(stderr).toContain(
      'warning: poststop hook failed with exit code 1: error running poststop hook #0: /bin/false',
    );
    expect(lines().map((line) => line.split(' ')[0])).toEqual(['poststop']);
  });

  it('that take longer than their timeout are ended, with what they started', () => {
    const pids = join(container.bundle.directory, 'pids');
    container.write(
      ['true'],
      hooked({
        createRuntime: [
          {
            path: '/bin/sh',
            args: ['sh', '-c', `sleep 100 & echo $! > ${pids}; wait`],
            env: ['PATH=/usr/bin:/bin'],
            timeout: 1,
          },
        ],
      }),
    );
    const start = performance.now();
    expect(code(run().stderr)).toBe('HOOK_FAILED');
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(existsSync(`/proc/${readFileSync(pids, 'utf8').trim()}/exe`)).toBe(false);
  });

  it('that do not read their input, or close it, are no obstacle', () => {
    container.write(['true'], (config) => {
      Object.assign(config, {
        annotations: Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`key${i}`, 'x'.repeat(100)])),
      });
      hooked({ createRuntime: [{ path: '/bin/true' }, { path: '/bin/sh', args: ['sh', '-c', 'exec <&-'] }] })(config);
    });
    expect(run().code).toBe(0);
    expect(statSync(container.bundle.directory).isDirectory()).toBe(true);
  });
});
