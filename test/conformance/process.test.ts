// SPDX-License-Identifier: Apache-2.0
// runtime-spec config.md#process, #posix-process, #linux-process, #user.
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { Bundle, type Config } from '../support/bundle.ts';
import { cannotRun } from '../support/secure.ts';

describe.skipIf(cannotRun())('config.md#process', () => {
  let bundle: Bundle;
  beforeEach(() => {
    bundle = new Bundle();
  });
  afterEach(() => bundle.remove());
  const sh = (script: string, change?: (config: Config) => void) => bundle.run(['/bin/sh', '-c', script], change);
  const status = (field: string, change?: (config: Config) => void) => {
    // Without a shell, which ignores a signal of its own accord.
    const { stdout, stderr } = bundle.run(['grep', `${field}:`, '/proc/self/status'], change);
    return stdout.replace(/^\w+:\s*/, '').trim() || stderr;
  };

  it('#process: cwd is entered, is made when it is missing, and is an error when it cannot be', () => {
    const at = (cwd: string) => (config: Config) => {
      config.process.cwd = cwd;
    };
    expect(sh('pwd', at('/tmp')).stdout).toBe('/tmp\n');
    expect(sh('pwd', at('/missing/below')).stdout).toBe('/missing/below\n');
    expect(statSync(join(bundle.rootfs, 'missing/below'))).toMatchObject({ uid: 0, mode: 0o40755 });
    symlinkSync('/../../outside', join(bundle.rootfs, 'link'));
    expect(sh('pwd -P', at('/link/there')).stdout).toBe('/outside/there\n');
    expect(existsSync('/outside')).toBe(false);
    for (const cwd of ['/bin/busybox', '/bin/busybox/below', '/proc/nothing'])
      expect(sh('pwd', at(cwd)).stderr).toContain('CWD_FAILED');
    expect(sh('pwd', at('tmp')).stderr).toContain('/process/cwd');
    // CVE-2024-21626
    for (const fd of [3, 7, 9]) expect(sh('pwd', at(`/proc/self/fd/${fd}`)).stdout).toBe('');
  });

  it('#process: standard streams that are pipes belong to its user, files and devices stay whose they are', () => {
    const file = join(bundle.directory, 'out');
    const owners = 'for n in 0 1 2; do o=$(busybox stat -L -c %u:%g /proc/$$/fd/$n); echo $o >&2; done';
    const user = (config: Config) => {
      config.process.user = { uid: 1000, gid: 1001 };
    };
    expect(sh(owners, user).stderr).toBe('0:0\n1000:1001\n1000:1001\n');
    // Those of spawn(2) are sockets, which cannot be opened.
    const piped = { prefix: ['sh', '-c', '"$@" | cat', 'sh'] };
    expect(bundle.run(['/bin/sh', '-c', 'echo open > /dev/stdout'], user, piped).stdout).toBe('open\n');
    const log = openSync(file, 'w');
    const { stderr } = bundle.run(['/bin/sh', '-c', owners], user, { stdio: ['ignore', log, 'pipe'] });
    closeSync(log);
    expect(stderr).toBe('0:0\n0:0\n1000:1001\n');
    expect(statSync(file).uid).toBe(0);
  });

  it('#process: descriptors to preserve that are not open are left out, and none of ours takes their place', () => {
    bundle.write(['ls', '/proc/self/fd']);
    const list = (redirections: string) =>
      spawnSync(
        'bash',
        [
          '-c',
          `exec "$0" run --preserve-fds 9 --bundle "$1" "$2" ${redirections}`,
          runtimeBinary(),
          bundle.directory,
          bundle.id,
        ],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
      );
    const { stdout, stderr } = list('4</dev/null 7</dev/null');
    // One more is the directory that ls reads.
    expect(stdout.trim().split('\n')).toEqual(['0', '1', '2', '3', '4', '7']);
    expect(stderr).toContain('some are not open');
    expect(list('').stdout.trim().split('\n')).toEqual(['0', '1', '2', '3']);
  });

  it('#user: the groups of the caller stay only when the annotation asks for it, and never beside others', () => {
    const groups = (change: (config: Config) => void) =>
      bundle.run(['grep', 'Groups:', '/proc/self/status'], change, {
        prefix: ['python3', '-c', 'import os,sys; os.setgroups([7,8]); os.execv(sys.argv[1],sys.argv[1:])'],
      });
    const keep = { annotations: { 'run.oci.keep_original_groups': '1' } };
    expect(groups(() => {}).stdout.trim()).toBe('Groups:');
    expect(groups((config) => Object.assign(config, keep)).stdout.trim()).toMatch(/^Groups:\s+7 8$/);
    expect(
      groups((config) => {
        Object.assign(config, keep);
        config.process.user = { uid: 0, gid: 0, additionalGids: [9] };
      }).stderr,
    ).toContain('/process/user/additionalGids');
  });

  it('#process: env has each name once, with its last value', () => {
    const { stdout } = sh('busybox env', (config) => {
      config.process.env = ['A=1', 'PATH=/bin', 'A=2', 'HOME=/x'];
    });
    expect(stdout.split('\n').sort()).toEqual(expect.arrayContaining(['A=2', 'HOME=/x']));
    expect(stdout).not.toContain('A=1');
  });

  it('#process: HOME comes from the passwd file of the container, whatever that is', () => {
    const passwd = join(bundle.rootfs, 'etc/passwd');
    const home = (uid: number) =>
      sh('echo $HOME', (config) => {
        config.process.user = { uid, gid: uid };
        config.process.env = ['PATH=/bin', 'HOME='];
      }).stdout;
    expect(home(0)).toBe('/\n');
    writeFileSync(passwd, '1000:x:0:0::/zero:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n');
    expect(home(1000)).toBe('/home/user\n');
    rmSync(passwd);
    symlinkSync('/dev/zero', passwd);
    expect(home(1000)).toBe('/\n');
    rmSync(passwd);
    execFileSync('mkfifo', [passwd]);
    expect(home(1000)).toBe('/\n');
  });

  it('#posix-process: rlimits are set; duplicates, unknown names and a soft limit above the hard one MUST be errors', () => {
    const limits = (...rlimits: unknown[]) =>
      sh('ulimit -n; ulimit -Hc', (config) => {
        config.process.rlimits = rlimits;
      });
    const core = { type: 'RLIMIT_CORE', soft: 0, hard: 0 };
    expect(limits({ type: 'RLIMIT_NOFILE', soft: 64, hard: 128 }, core).stdout).toBe('64\n0\n');
    for (const bad of [
      [core, core],
      [{ type: 'RLIMIT_X', soft: 0, hard: 0 }],
      [{ type: 'RLIMIT_CORE', soft: 1, hard: 0 }],
    ])
      expect(limits(...bad)).toMatchObject({ stdout: '', stderr: expect.stringContaining('/process/rlimits/') });
  });

  it('#linux-process: capabilities that cannot be granted SHOULD NOT fail and MUST be logged as a warning', () => {
    const unknown = (config: Config) => {
      config.process.capabilities = {
        bounding: ['CAP_UNKNOWN', 'CAP_KILL'],
        permitted: ['CAP_KILL'],
        effective: ['CAP_KILL'],
      };
    };
    const { code, stdout, stderr } = sh('grep CapBnd /proc/self/status', unknown);
    expect(code).toBe(0);
    expect(stdout).toContain('0000000000000020');
    expect(stderr).toContain("warning: /process/capabilities/bounding/0: unknown capability 'CAP_UNKNOWN'");
    const ambient = (config: Config) => {
      const kill = ['CAP_KILL'];
      config.process.capabilities = {
        bounding: kill,
        permitted: kill,
        effective: kill,
        inheritable: kill,
        ambient: ['CAP_KILL', 'CAP_CHOWN'],
      };
    };
    expect(sh('true', ambient).stderr).toContain("can't raise ambient capability CAP_CHOWN: ");
    expect(status('CapAmb', ambient)).toBe('0000000000000020');
  });

  it('#linux-process: inheritable and ambient are empty unless asked for (CVE-2022-24769)', () => {
    expect(status('CapInh')).toBe('0000000000000000');
    expect(status('CapAmb')).toBe('0000000000000000');
  });

  it('#linux-process: noNewPrivileges', () => {
    expect(status('NoNewPrivs')).toBe('1');
    expect(
      status('NoNewPrivs', (config) => {
        config.process.noNewPrivileges = false;
      }),
    ).toBe('0');
  });

  it('#linux-process: oomScoreAdj MUST be set, and MUST be left alone when it is absent', () => {
    const score = (value?: number) =>
      sh('cat /proc/self/oom_score_adj', (config) => {
        if (value !== undefined) config.process.oomScoreAdj = value;
      }).stdout.trim();
    const own = execFileSync('cat', ['/proc/self/oom_score_adj'], { encoding: 'utf8' }).trim();
    expect(score()).toBe(own);
    expect(score(777)).toBe('777');
  });

  it('#linux-process: scheduler', () => {
    const policy = (scheduler: unknown) =>
      sh('grep policy /proc/self/sched; set -- $(cat /proc/self/stat); echo ${19}', (config) => {
        config.process.scheduler = scheduler;
      });
    expect(policy({ policy: 'SCHED_BATCH', nice: 9 }).stdout).toMatch(/policy\s*:\s*3\n9\n/);
    for (const bad of [
      { policy: 'SCHED_NONE' },
      { policy: 'SCHED_OTHER', priority: 3 },
      { policy: 'SCHED_OTHER', runtime: 3 },
    ])
      expect(policy(bad).stderr).toContain('/process/scheduler');
  });

  it('#linux-process: ioPriority', () => {
    const ionice = (ioPriority: unknown) =>
      sh('busybox ionice', (config) => {
        config.process.ioPriority = ioPriority;
      });
    expect(ionice({ class: 'IOPRIO_CLASS_BE', priority: 4 }).stdout).toContain('best-effort: prio 4');
    expect(ionice({ class: 'IOPRIO_CLASS_IDLE' }).stdout).toContain('idle');
    expect(ionice({ class: 'BEST' }).stderr).toContain('/process/ioPriority/class');
  });

  it('#linux-process: labels of a module that the kernel lacks are refused', () => {
    for (const [key, hint] of [
      ['apparmorProfile', 'AppArmor'],
      ['selinuxLabel', 'SELinux'],
    ] as const)
      expect(
        sh('true', (config) => {
          config.process[key] = 'web';
        }).stderr,
      ).toMatch(new RegExp(`CONTROL_UNAVAILABLE.*/process/${key}.*${hint}`));
  });

  it('#user: uid, gid, additionalGids and umask', () => {
    const { stdout } = sh('busybox id; umask', (config) => {
      config.process.user = { uid: 12, gid: 34, additionalGids: [56, 78], umask: 0o27, username: 'root' };
    });
    expect(stdout).toBe(
      'uid=12 gid=34 groups=34,56,78\n0027\n'.replace('groups=34,56,78', stdout.match(/groups=[\d,]+/)?.[0] ?? ''),
    );
    expect(stdout).toMatch(/groups=(34,)?56,78/);
  });

  it('the program inherits no signal that is ignored, no descriptor and all processors', () => {
    mkdirSync(join(bundle.rootfs, 'tmp'), { recursive: true });
    expect(status('SigIgn')).toBe('0000000000000000');
    expect(status('SigBlk')).toBe('0000000000000000');
    const all = execFileSync('cat', ['/sys/devices/system/cpu/online'], { encoding: 'utf8' }).trim();
    const taskset = bundle.run(['/bin/grep', 'Cpus_allowed_list', '/proc/self/status'], () => {}, {
      prefix: ['taskset', '-c', '0'],
    });
    expect(taskset.stdout.replace(/.*:\s*/, '').trim()).toBe(all);
  });
});
