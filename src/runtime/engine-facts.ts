// SPDX-License-Identifier: Apache-2.0
// What secure-runtime would find on this host when it decides about a config, asked of the kernel by other means (native/core/policy_facts.cc).
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { mountLines } from '../mountinfo.ts';
import { hostProbes } from '../native.ts';
import type { EngineFacts } from '../policies/engines/config.ts';

const orUndefined = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};
const text = (path: string): string => orUndefined(() => readFileSync(path, 'utf8')) ?? '';

/** Rows of /proc/PID/limits (proc_pid_limits(5)). */
const LIMITS: Readonly<Record<string, string>> = {
  RLIMIT_CORE: 'Max core file size',
  RLIMIT_FSIZE: 'Max file size',
  RLIMIT_MEMLOCK: 'Max locked memory',
  RLIMIT_NOFILE: 'Max open files',
  RLIMIT_NPROC: 'Max processes',
};
const UNITS_AT = 26;

function hardLimit(type: string): number {
  const row = text('/proc/self/limits')
    .split('\n')
    .find((line) => line.startsWith(LIMITS[type] ?? '?'));
  const hard = row?.slice(UNITS_AT).trim().split(/\s+/)[1];
  return hard === undefined ? 0 : hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
}

const inode = (path: string): string | undefined =>
  orUndefined(() => {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  });

/** @param id of the container; @param bundle absolute path. @throws SecureError RUNTIME_MISSING: no native addon */
export function hostEngineFacts(id: string, bundle: string): EngineFacts {
  const mounts = mountLines(text('/proc/self/mountinfo'));
  return {
    id,
    bundle,
    landlockAbi: hostProbes().landlockAbi,
    appArmor: text('/sys/module/apparmor/parameters/enabled').startsWith('Y'),
    seLinux: text('/sys/fs/selinux/enforce').startsWith('1'),
    resolve: (path) => orUndefined(() => realpathSync.native(path)),
    isOwnNamespace: (path, kind) => inode(path) === undefined || inode(path) === inode(`/proc/self/ns/${kind}`),
    deviceName: (type, major, minor) =>
      /^DEVNAME=(.+)$/m.exec(text(`/sys/dev/${type === 'b' ? 'block' : 'char'}/${major}:${minor}/uevent`))?.[1],
    mountTable: () => mounts,
    // The one that is seen there: of several on one point the last.
    mountId: (path) =>
      mounts
        .filter(({ point }) => point === '/' || path === point || path.startsWith(`${point}/`))
        .toSorted((a, b) => a.point.length - b.point.length)
        .at(-1)?.id,
    appArmorEnforces: (profile) =>
      profile !== '' && text('/sys/kernel/security/apparmor/profiles').split('\n').includes(`${profile} (enforce)`),
    hardLimit,
    oomScoreAdj: Number(text('/proc/self/oom_score_adj')) || 0,
  };
}
