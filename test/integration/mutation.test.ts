// SPDX-License-Identifier: Apache-2.0
// Each layer of defence is taken out of a real plan. The action that it stops then goes through, or is stopped by the
// next layer, which the test names. A layer whose removal changes nothing would be decoration.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bend, dropUserNamespace, type LoosePlan, launch, planOf } from '../support/plan.ts';
import { cannotRun, Secure } from '../support/secure.ts';

const withBind = (source: string, options: string[]) => (plan: LoosePlan) => {
  plan.mounts.push({ destination: '/data', type: 'bind', source, options: ['bind', ...options] });
};
const without = {
  landlock: (plan: LoosePlan) => {
    plan.secure.landlock = null;
  },
  seccomp: (plan: LoosePlan) => {
    delete plan.linux.seccomp;
  },
  readonlyRoot: (plan: LoosePlan) => {
    plan.root.readonly = false;
  },
  readonlyPaths: (plan: LoosePlan) => {
    plan.linux.readonlyPaths = [];
  },
  masks: (plan: LoosePlan) => {
    plan.linux.maskedPaths = [];
  },
  noNewPrivs: (plan: LoosePlan) => {
    plan.process.noNewPrivileges = false;
  },
  deviceFilter: (plan: LoosePlan) => {
    plan.linux.resources.devices = [{ allow: true, access: 'rwm' }];
  },
  pidsLimit: (plan: LoosePlan) => {
    delete plan.linux.resources.pids;
  },
  memoryLimit: (plan: LoosePlan) => {
    delete plan.linux.resources.memory;
  },
  userNamespace: dropUserNamespace,
  namespace: (name: string) => (plan: LoosePlan) => {
    plan.linux.namespaces = plan.linux.namespaces.filter(({ type }) => type !== name);
  },
  option: (destination: string, option: string) => (plan: LoosePlan) => {
    const mount = plan.mounts.find((m) => m.destination === destination);
    if (mount !== undefined) mount.options = mount.options.filter((o) => o !== option);
  },
};

describe.skipIf(cannotRun())('without a layer', () => {
  let secure: Secure;
  let open: LoosePlan; // `default`: root inside
  let strict: LoosePlan;
  let data: string;
  const sh = (plan: LoosePlan, script: string) => launch(secure, plan, 'sh', '-c', script);

  beforeAll(async () => {
    secure = await Secure.create();
    open = await planOf(secure, '--rm', 'busybox', 'true');
    strict = await planOf(secure, '--rm', '--profile', 'strict', '--trust', 'busybox', 'true');
    data = join(secure.root, 'data');
    mkdirSync(data);
    chmodSync(data, 0o777);
    writeFileSync(join(data, 'secret'), 'host secret\n', { mode: 0o600 });
    // busybox gives up set-user-id rights by itself, so this is a program of its own.
    const source =
      '#include <stdio.h>\n#include <unistd.h>\nint main(void) { printf("%d\\n", (int)geteuid()); return 0; }\n';
    execFileSync('cc', ['-static', '-x', 'c', '-o', join(data, 'setuid'), '-'], { input: source });
    chownSync(join(data, 'setuid'), 0, 0);
    chmodSync(join(data, 'setuid'), 0o4755);
    execFileSync('mknod', ['-m', '666', join(data, 'fuse'), 'c', '10', '229']);
  });
  afterAll(() => secure.destroy());

  it('Landlock: a write to a read-write bind outside the declared paths', async () => {
    const plan = bend(strict, withBind(data, ['rw']));
    const refused = await sh(plan, 'touch /data/written');
    expect([refused.code, refused.stderr]).toEqual([1, 'touch: /data/written: Permission denied\n']);
    expect(existsSync(join(data, 'written'))).toBe(false);
    expect((await sh(bend(plan, without.landlock), 'touch /data/written')).code).toBe(0);
    expect(existsSync(join(data, 'written'))).toBe(true);
  });

  it('read-only root: next is Landlock, then nothing', async () => {
    expect((await sh(open, 'touch /etc/x')).stderr).toContain('Read-only file system');
    const writable = bend(open, without.readonlyRoot);
    expect((await sh(writable, 'touch /etc/x')).stderr).toContain('Permission denied');
    expect((await sh(bend(writable, without.landlock), 'touch /etc/x && echo made')).stdout).toBe('made\n');
  });

  it('seccomp: a new user namespace', async () => {
    expect((await sh(open, 'unshare -U true')).stderr).toContain('Operation not permitted');
    expect((await sh(bend(open, without.seccomp), 'unshare -U true')).code).toBe(0);
  });

  it('capabilities: taking a network interface down', async () => {
    expect((await sh(open, 'ip link set lo down')).stderr).toContain('Operation not permitted');
    const more = bend(open, (plan) => {
      for (const set of ['bounding', 'effective', 'permitted'] as const)
        plan.process.capabilities[set].push('CAP_NET_ADMIN');
    });
    expect((await sh(more, 'ip link set lo down')).code).toBe(0);
  });

  it('user namespace: a file of the host that only root may read', async () => {
    const plan = bend(open, withBind(data, ['ro']));
    expect((await sh(plan, 'cat /data/secret')).stderr).toContain('Permission denied');
    expect((await sh(bend(plan, without.userNamespace), 'cat /data/secret')).stdout).toBe('host secret\n');
  });

  it('no_new_privs: a set-user-id program; next is nosuid', async () => {
    const asUser = bend(open, (plan) => {
      plan.process.user = { uid: 1000, gid: 1000 };
    });
    const plan = bend(asUser, withBind(data, ['ro', 'idmap', 'suid']));
    const id = 'exec /data/setuid';
    expect((await sh(plan, id)).stdout).toBe('1000\n');
    const loose = bend(plan, without.noNewPrivs);
    expect((await sh(loose, id)).stdout).toBe('0\n');
    const nosuid = bend(bend(asUser, withBind(data, ['ro', 'idmap', 'nosuid'])), without.noNewPrivs);
    expect((await sh(nosuid, id)).stdout).toBe('1000\n');
  });

  it('masked paths: what the kernel tells about the host', async () => {
    expect((await sh(open, 'cat /proc/interrupts | wc -c')).stdout.trim()).toBe('0');
    expect(Number((await sh(bend(open, without.masks), 'cat /proc/interrupts | wc -c')).stdout)).toBeGreaterThan(0);
  });

  it('read-only kernel paths: next is Landlock, then only its own namespace is reached', async () => {
    const write = 'echo 9000 > /proc/sys/kernel/msgmax && echo written';
    expect((await sh(open, write)).stderr).toContain('Read-only file system');
    const writable = bend(open, without.readonlyPaths);
    expect((await sh(writable, write)).stderr).toContain('Permission denied');
    expect((await sh(bend(writable, without.landlock), write)).stdout).toBe('written\n');
  });

  it('noexec on /tmp under strict: running what was just written', async () => {
    const run = 'cp /bin/busybox /tmp/busybox && exec /tmp/busybox echo ran';
    expect((await sh(strict, run)).stderr).toContain('Permission denied');
    expect((await sh(bend(strict, without.option('/tmp', 'noexec')), run)).stdout).toBe('ran\n');
  });

  it('device filter: a device of the host that is bound in; before it is nodev', async () => {
    const read = 'exec 3</data && echo opened';
    expect((await sh(bend(open, withBind(join(data, 'fuse'), ['rw', 'nodev'])), read)).stderr).toContain(
      'Permission denied',
    );
    const plan = bend(open, withBind(join(data, 'fuse'), ['rw', 'dev']));
    expect((await sh(plan, read)).stderr).toContain('Operation not permitted');
    expect((await sh(bend(plan, without.deviceFilter), read)).stdout).toBe('opened\n');
  });

  it('pids limit: a fork bomb; next is RLIMIT_NPROC', async () => {
    const bomb = 'i=0; while [ $i -lt 60 ]; do sleep 3 & i=$((i+1)); done; echo all started';
    const small = bend(open, (plan) => {
      plan.linux.resources.pids = { limit: 20 };
    });
    expect((await sh(small, bomb)).stdout).not.toContain('all started');
    const unlimited = bend(open, without.pidsLimit);
    expect((await sh(unlimited, bomb)).stdout).toContain('all started');
    // The kernel counts processes of a user in its namespace; root of a namespace is not above the limit.
    const nproc = bend(unlimited, (plan) => {
      plan.process.user = { uid: 1000, gid: 1000 };
      plan.process.rlimits = [
        ...plan.process.rlimits.filter((l) => l.type !== 'RLIMIT_NPROC'),
        { type: 'RLIMIT_NPROC', soft: 20, hard: 20 },
      ];
    });
    expect((await sh(nproc, bomb)).stdout).not.toContain('all started');
  });

  it('memory limit: a program that takes more', async () => {
    const eat = 'x=$(head -c 67108864 /dev/zero | tr "\\0" a); echo ${#x}';
    const small = bend(open, (plan) => {
      plan.linux.resources.memory = { limit: 16 << 20, swap: 16 << 20 };
    });
    // Which process of the pipeline the kernel picks is its choice; the result never comes.
    expect((await sh(small, eat)).stdout).not.toContain('67108864');
    expect((await sh(bend(open, without.memoryLimit), eat)).stdout).toBe('67108864\n');
  });

  it.each(['network', 'pid'])(
    '%s namespace: the kernel then refuses the file system that would show the host',
    async (name) => {
      const result = await sh(bend(open, without.namespace(name)), 'true');
      expect(result.code).toBe(125);
      expect(result.stderr).toMatch(/SYSCTL_FAILED|MOUNT_FAILED|CONFIG_INVALID/);
    },
  );

  it('cgroup mounts are read-only: next is that they belong to the host', async () => {
    const write = 'for f in /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max; do [ -e $f ] && echo max > $f; done';
    expect((await sh(open, write)).stderr).toContain('Read-only file system');
    const plan = bend(bend(open, without.option('/sys/fs/cgroup', 'ro')), without.landlock);
    expect((await sh(plan, write)).stderr).toContain('Permission denied');
  });
});
