// SPDX-License-Identifier: Apache-2.0
// The bundle and the filter that every contender gets.
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileSeccomp } from '../src/native.ts';
import { seccompProfile } from '../src/profiles/seccomp/index.ts';

const ROOT_DIRECTORIES = ['bin', 'proc', 'sys', 'dev', 'tmp', 'etc', 'run'];

export interface Bundle {
  directory: string;
  rootfs: string;
  /** struct sock_filter[], for the contenders that take a compiled program. */
  filter: string;
  /** Writes config.json to run `args`. */
  command(args: readonly string[]): void;
}

/** A root file system of busybox. */
export function makeRootfs(root: string): void {
  for (const name of ROOT_DIRECTORIES) mkdirSync(join(root, name), { recursive: true });
  cpSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const applet of ['sh', 'cat', 'true', 'grep', 'sleep']) symlinkSync('busybox', join(root, 'bin', applet));
}

/** A root file system of one static busybox, the config that `runc spec` describes, and the `default` seccomp profile. */
export function makeBundle(directory: string): Bundle {
  const rootfs = join(directory, 'rootfs');
  makeRootfs(rootfs);
  const capabilities = ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'];
  const seccomp = seccompProfile('default', {
    capabilities,
    architecture: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
  });
  const filter = join(directory, 'filter.bpf');
  writeFileSync(filter, compileSeccomp(JSON.stringify(seccomp)).instructions);
  const quiet = ['nosuid', 'noexec', 'nodev'];
  const config = (args: readonly string[]) => ({
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args,
      env: ['PATH=/bin'],
      cwd: '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: true },
    hostname: 'bench',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      {
        destination: '/dev',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
      },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
      },
      { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: [...quiet, 'mode=1777', 'size=65536k'] },
      { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: quiet },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...quiet, 'ro'] },
    ],
    linux: {
      resources: { devices: [{ allow: false, access: 'rwm' }] },
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      maskedPaths: ['/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
      seccomp,
    },
  });
  return {
    directory,
    rootfs,
    filter,
    command: (args) => writeFileSync(join(directory, 'config.json'), JSON.stringify(config(args))),
  };
}
