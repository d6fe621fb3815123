// SPDX-License-Identifier: Apache-2.0
// What the kernel says of the first process of a container that another engine runs: proc_pid_status(5), proc_pid_limits(5). Only files of
// /proc are read, which a process cannot make slow or endless.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Proof, Proven } from './proof.ts';

/** By bit: include/uapi/linux/capability.h. */
export const CAPABILITIES: readonly string[] =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'.split(
    ' ',
  );
const MAX_DESCRIPTORS = 4096;
/** Groups that a container made below its own; of what lies deeper fewer. */
const MAX_GROUPS = 64;

export interface ProcessFacts {
  readonly uid: number;
  /** Hard limits by RLIMIT_ name; -1: none. */
  readonly rlimits: Readonly<Record<string, number>>;
  readonly proof: Proof;
  /** Names of the programs of its control group, as the kernel has them: the first fifteen bytes. */
  readonly programs: readonly string[] | null;
}

const proven = (inForce: boolean, actual: string): Proven => ({ planned: null, inForce, actual, required: false });

/** The names of a mask in hexadecimal digits; a bit without a name as `CAP_63`. */
export function capabilityNames(mask: string): string[] {
  const bits = BigInt(`0x${mask}`);
  return Array.from({ length: 64 }, (_, bit) => bit)
    .filter((bit) => ((bits >> BigInt(bit)) & 1n) === 1n)
    .map((bit) => `CAP_${CAPABILITIES[bit] ?? bit}`);
}

const field = (status: string, name: string): string =>
  new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.trim() ?? '';

/** `0 100000 65536` of each line as `0:100000:65536`. */
const mappings = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim().split(/\s+/).join(':'))
    .filter((line) => line !== '')
    .join(' ');

/** Open directories on mounts that are none of its own: CVE-2024-21626. */
function leading(pid: number): string[] {
  const ids = new Set(
    readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
      .split('\n')
      .map((line) => line.split(' ', 1)[0] ?? ''),
  );
  return readdirSync(`/proc/${pid}/fd`)
    .slice(0, MAX_DESCRIPTORS)
    .filter((fd) => {
      try {
        if (!statSync(`/proc/${pid}/fd/${fd}`).isDirectory()) return false;
        const mount = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1];
        return mount !== undefined && !ids.has(mount);
      } catch {
        // It was closed meanwhile.
        return false;
      }
    });
}

/** AppArmor's name of the profile and its mode, or SELinux's label; nothing where neither is on. */
function label(pid: number): Record<string, Proven> {
  try {
    const current = readFileSync(`/proc/${pid}/attr/current`, 'utf8').replace(/[\0\n]/g, '');
    const name = current.replace(/ \((?:enforce|complain)\)$/, '');
    return {
      lsm: {
        planned: name,
        inForce: name !== 'unconfined' && !current.endsWith('(complain)'),
        actual: current,
        required: false,
      },
    };
  } catch {
    return {};
  }
}

function limits(text: string): Record<string, number> {
  const hard = (name: string): number | undefined => {
    const found = new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, 'm').exec(text)?.[1];
    return found === undefined ? undefined : found === 'unlimited' ? -1 : Number(found);
  };
  const named = { RLIMIT_CORE: 'Max core file size', RLIMIT_NOFILE: 'Max open files', RLIMIT_NPROC: 'Max processes' };
  return Object.fromEntries(
    Object.entries(named).flatMap(([key, name]) => {
      const found = hard(name);
      return found === undefined ? [] : [[key, found]];
    }),
  );
}

/** The group that is named after the container, `ID` or `docker-ID.scope`: its controllers and its path. */
function groupOf(groups: string, id: string): { readonly controllers: string; readonly path: string } | undefined {
  for (const line of groups.split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const parts = path.split('/');
    const at = parts.findIndex((part) => part === id || part.endsWith(`-${id}.scope`));
    if (at >= 0) return { controllers, path: parts.slice(0, at + 1).join('/') };
  }
  return undefined;
}

/** By `cgroup.procs` of the group named after the container, and of the groups that it made below. */
function programs(groups: string, id: string): string[] | null {
  const { controllers = '', path: own = '' } = groupOf(groups, id) ?? {};
  const mounts = ['/sys/fs/cgroup', `/sys/fs/cgroup/${controllers}`, '/sys/fs/cgroup/unified'];
  for (const mount of mounts) {
    try {
      return [
        ...new Set(pids(`${mount}${own}`, MAX_GROUPS).map((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim())),
      ].sort();
    } catch {
      // It is on another hierarchy, or a program ended meanwhile.
    }
  }
  return null;
}

function pids(group: string, left: number): string[] {
  const own = readFileSync(`${group}/cgroup.procs`, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && line !== '0');
  const below = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...own, ...below.slice(0, left).flatMap(({ name }) => pids(`${group}/${name}`, Math.floor(left / 4)))];
}

/**
 * Of the process `pid`, when it is that of container `id`: its control group is named after it. Null: it is not, it ended, or it may not
 * be looked at.
 */
export function readProcess(pid: number, id: string): ProcessFacts | null {
  if (!Number.isSafeInteger(pid) || pid < 2 || !/^[A-Za-z0-9][\w.-]{0,127}$/.test(id)) return null;
  const read = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'utf8');
  try {
    const groups = read('cgroup');
    if (groupOf(groups, id) === undefined) return null;
    const status = read('status');
    const [uid = '', gid = ''] = [field(status, 'Uid'), field(status, 'Gid')].map((ids) => ids.split(/\s+/)[1]);
    const sets = {
      bounding: 'CapBnd',
      permitted: 'CapPrm',
      effective: 'CapEff',
      inheritable: 'CapInh',
      ambient: 'CapAmb',
    };
    const capabilities = Object.entries(sets).map(
      ([name, key]) => `${name}: ${capabilityNames(field(status, key)).join(' ') || 'none'}`,
    );
    const [uids, gids] = [mappings(read('uid_map')), mappings(read('gid_map'))];
    const inside = insideId(uids, Number(uid));
    const filters = field(status, 'Seccomp_filters');
    const filtered = field(status, 'Seccomp') === '2';
    const open = leading(pid);
    return {
      uid: inside,
      rlimits: limits(read('limits')),
      programs: programs(groups, id),
      proof: {
        user: proven(true, `${inside}:${insideId(gids, Number(gid))}; outside ${uid} ${gid}`),
        capabilities: proven(true, capabilities.join('; ')),
        'no-new-privileges': proven(field(status, 'NoNewPrivs') === '1', field(status, 'NoNewPrivs')),
        ...label(pid),
        seccomp: proven(filtered, filtered ? `filter mode, ${filters || '1 or more'} filter(s)` : 'no filter'),
        'user-namespace': proven(true, `uid ${uids}; gid ${gids}`),
        descriptors: proven(
          open.length === 0,
          open.length === 0 ? 'no open directory leads out' : `open directories that lead out: ${open.join(' ')}`,
        ),
      },
    };
  } catch {
    return null;
  }
}

/** What an id of the host is inside; one that is not mapped is the overflow id. */
function insideId(map: string, outside: number): number {
  for (const range of map.split(' ')) {
    const [inside = 0, first = 0, size = 0] = range.split(':').map(Number);
    if (outside >= first && outside < first + size) return inside + outside - first;
  }
  return 65534;
}
