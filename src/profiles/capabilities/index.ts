// SPDX-License-Identifier: Apache-2.0
import { suggest } from '../../suggest.ts';

/** By number, without the CAP_ prefix. Source: <linux/capability.h> of Linux 6.18. */
export const CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
] as const;

const numbers: ReadonlyMap<string, number> = new Map(CAPABILITIES.map((name, number) => [name, number]));

/**
 * The short upper-case name for what people type (`net_admin`, `CAP_NET_ADMIN`); undefined when there is no such
 * capability. `ALL` is not a capability: callers that accept it ask for it first.
 */
export function capabilityName(typed: string): string | undefined {
  const name = typed.toUpperCase().replace(/^CAP_/, '');
  return numbers.has(name) ? name : undefined;
}

/** Number in the kernel's sets, -1 when unknown. */
export function capabilityNumber(name: string): number {
  return numbers.get(name) ?? -1;
}

export function suggestCapability(typed: string): string | undefined {
  return suggest(typed.toUpperCase().replace(/^CAP_/, ''), CAPABILITIES);
}

/** In the kernel's order, each once: two plans with the same set have the same text. */
export function sortCapabilities(names: Iterable<string>): string[] {
  return [...new Set(names)].sort((a, b) => capabilityNumber(a) - capabilityNumber(b));
}

/** As OCI writes them. */
export function ociCapabilities(names: Iterable<string>): string[] {
  return sortCapabilities(names).map((name) => `CAP_${name}`);
}
