// SPDX-License-Identifier: Apache-2.0
// What this kernel and machine offer. Read once per plan; the parsers are pure and live in host/.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { ExitCode, SecureError } from '../errors.ts';
import { appArmorParser } from './apparmor.ts';
import { cgroupFacts } from './host/cgroups.ts';
import { lsmFacts } from './host/lsm.ts';
import { capabilityNames, parseLimits, statusField } from './host/process.ts';
import { readResolver } from './host/resolver.ts';
import { Inputs } from './inputs.ts';
import type { HostFacts, PlanInputRecord } from './plan/types.ts';

function required(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SecureError('HOST_FEATURE_MISSING', `cannot read ${path}`, {
      hint: 'proc has to be mounted on /proc, without hidepid for this user',
      exitCode: ExitCode.host,
      cause,
    });
  }
}

/** Absent where the kernel was built without the feature. */
function optional(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const ARCHITECTURES: Readonly<Record<string, HostFacts['architecture']>> = { x64: 'x86_64', arm64: 'aarch64' };

/** Of this machine. @throws SecureError HOST_FEATURE_MISSING */
export function architecture(): HostFacts['architecture'] {
  const known = ARCHITECTURES[process.arch];
  if (known !== undefined) return known;
  throw new SecureError('HOST_FEATURE_MISSING', `this architecture is not supported: ${process.arch}`, {
    hint: 'supported are x86_64 and aarch64',
    exitCode: ExitCode.host,
  });
}

/** Whether a new network could have IPv6: the kernel has it, and new devices are not told to do without. */
function hasIpv6(): boolean {
  const on = (name: string): boolean => optional(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`).trim() === '0';
  return existsSync('/proc/net/if_inet6') && on('all') && on('default');
}

const DOMAINS = ['container_t', 'secure.container.process'];

/** The first domain for containers that the loaded policy knows: the kernel says of a written context whether it is one. */
function seLinuxDomain(): string {
  const known = (domain: string): boolean => {
    try {
      writeFileSync('/sys/fs/selinux/context', `system_u:system_r:${domain}:s0:c1,c2\0`, { flag: 'r+' });
      return true;
    } catch {
      return false;
    }
  };
  return DOMAINS.find(known) ?? '';
}

/** @throws SecureError HOST_FEATURE_MISSING: no /proc, another architecture. */
export async function readHost(inputs = new Inputs()): Promise<HostFacts> {
  const { hostProbes } = await import('../native.ts');
  const { landlockAbi } = hostProbes();
  const status = required('/proc/self/status');
  const lsm = lsmFacts({
    list: optional('/sys/kernel/security/lsm'),
    appArmorEnabled: optional('/sys/module/apparmor/parameters/enabled'),
    seLinuxEnforce: optional('/sys/fs/selinux/enforce'),
    landlock: landlockAbi > 0,
  });
  return {
    euid: process.geteuid?.() ?? -1,
    kernelRelease: release(),
    bootId: required('/proc/sys/kernel/random/boot_id').trim(),
    architecture: architecture(),
    landlockAbi,
    seccomp: existsSync('/proc/sys/kernel/seccomp/actions_avail'),
    ...lsm,
    appArmorParser: lsm.appArmorEnforcing ? appArmorParser() : '',
    // Parsers know the rule since 3.1, and kernels have it that are newer than these.
    appArmorMqueue: existsSync('/sys/kernel/security/apparmor/features/ipc/posix_mqueue'),
    seLinuxDomain: lsm.seLinuxEnforcing ? seLinuxDomain() : '',
    cgroup: cgroupFacts(required('/proc/self/mountinfo'), (mount) => optional(join(mount, 'cgroup.controllers'))),
    userNamespaces: existsSync('/proc/self/ns/user') && Number(optional('/proc/sys/user/max_user_namespaces')) > 0,
    ipv6: hasIpv6(),
    resolver: readResolver(inputs),
    lastCap: Number(required('/proc/sys/kernel/cap_last_cap')),
    capabilities: capabilityNames(statusField(status, 'CapBnd') ?? ''),
    cpus: availableParallelism(),
    memoryTotal: totalmem(),
    rlimits: parseLimits(required('/proc/self/limits')),
  };
}

/**
 * The facts as inputs of a plan, by value: stat says nothing about files of /proc and /sys. Node raises its own soft
 * limits, and planning reads the hard ones, so only those count. Files that were read for them are inputs by content.
 */
export function hostInputs(host: HostFacts): PlanInputRecord[] {
  const { rlimits, resolver: _, ...rest } = host;
  const hard = Object.fromEntries(Object.entries(rlimits).map(([name, limit]) => [name, limit.hard]));
  return Object.entries({ ...rest, hardLimits: hard }).map(([fact, value]) => ({ kind: 'host', fact, value }));
}
