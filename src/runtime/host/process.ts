// SPDX-License-Identifier: Apache-2.0
// What /proc says about this process: proc_pid_status(5), proc_pid_limits(5).

/** Rows of /proc/self/limits, by the name that the OCI runtime specification uses. */
const LIMITS: Readonly<Record<string, string>> = {
  'Max cpu time': 'RLIMIT_CPU',
  'Max file size': 'RLIMIT_FSIZE',
  'Max data size': 'RLIMIT_DATA',
  'Max stack size': 'RLIMIT_STACK',
  'Max core file size': 'RLIMIT_CORE',
  'Max resident set': 'RLIMIT_RSS',
  'Max processes': 'RLIMIT_NPROC',
  'Max open files': 'RLIMIT_NOFILE',
  'Max locked memory': 'RLIMIT_MEMLOCK',
  'Max address space': 'RLIMIT_AS',
  'Max file locks': 'RLIMIT_LOCKS',
  'Max pending signals': 'RLIMIT_SIGPENDING',
  'Max msgqueue size': 'RLIMIT_MSGQUEUE',
  'Max nice priority': 'RLIMIT_NICE',
  'Max realtime priority': 'RLIMIT_RTPRIO',
  'Max realtime timeout': 'RLIMIT_RTTIME',
};

const amount = (text: string): number => (text === 'unlimited' ? -1 : Number(text));

/** Soft and hard limits by RLIMIT_ name; -1 is unlimited. */
export function parseLimits(text: string): Record<string, { soft: number; hard: number }> {
  const limits: Record<string, { soft: number; hard: number }> = {};
  for (const line of text.split('\n')) {
    const match = /^(Max [a-z ]+?)\s+(unlimited|\d+)\s+(unlimited|\d+)(\s|$)/.exec(line);
    const name = match?.[1] === undefined ? undefined : LIMITS[match[1]];
    if (name !== undefined) limits[name] = { soft: amount(match?.[2] ?? ''), hard: amount(match?.[3] ?? '') };
  }
  return limits;
}

/** One field of /proc/self/status, or undefined. */
export function statusField(status: string, name: string): string | undefined {
  for (const line of status.split('\n')) if (line.startsWith(`${name}:`)) return line.slice(name.length + 1).trim();
  return undefined;
}

/** capabilities(7) in the order of their numbers. */
export const CAPABILITY_NAMES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const;

/** Names of the capabilities in a mask such as `000001fffeffffff`; a number without a name is left out. */
export function capabilityNames(mask: string): string[] {
  if (!/^[0-9a-f]{1,16}$/i.test(mask)) return [];
  const bits = BigInt(`0x${mask}`);
  return CAPABILITY_NAMES.filter((_, number) => ((bits >> BigInt(number)) & 1n) === 1n);
}
