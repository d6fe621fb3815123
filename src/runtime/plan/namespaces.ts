// SPDX-License-Identifier: Apache-2.0
import type { Context } from './context.ts';
import type { IdMapping } from './spec.ts';
import { RANGE_SIZE } from './user.ts';

/** The ids of the container's own range; its first id on the host is a slot. */
export const RANGE_MAPPING: IdMapping = { containerID: 0, hostID: 0, size: RANGE_SIZE };

const BASE = ['pid', 'mount', 'uts', 'ipc', 'network', 'cgroup'] as const;

/**
 * Whether root inside is nobody outside. Without a range of its own the container's ids are the host's.
 * @throws SecureError CONTROL_UNAVAILABLE
 */
export function planUserNamespace({ policy, host, reasons }: Context): boolean {
  const { value: level, by } = policy.run['user.namespace'];
  const control = 'user-namespace';
  if (level === 'off') {
    reasons.add({
      control,
      decision: 'off',
      by,
      why: 'the policy does not ask for it',
      required: false,
      status: 'off',
    });
    return false;
  }
  return reasons.offer({
    control,
    decision: `own range of ${RANGE_SIZE} ids`,
    by,
    why: 'root inside owns nothing outside',
    required: level === 'required',
    available: host.userNamespaces,
    lacks: 'this host allows no user namespaces',
    hint: 'raise user.max_user_namespaces: sysctl -w user.max_user_namespaces=15000',
  });
}

/** All namespaces are new: nothing is shared with the host. */
export function planNamespaces({ policy, reasons }: Context, userNamespace: boolean): { type: string }[] {
  const { lowPorts, cgroup } = policy.run;
  const own = [...BASE, ...(userNamespace ? ['user'] : [])];
  reasons.add({
    control: 'namespaces',
    decision: own.join(' '),
    by: cgroup.by,
    why: 'none is shared with the host or another container',
  });
  reasons.add({
    control: 'low-ports',
    decision: 'unprivileged',
    by: lowPorts.by,
    why: 'ports below 1024 need no capability in its own network',
    required: false,
  });
  reasons.add({
    control: 'cgroup',
    decision: 'private, read-only',
    by: cgroup.by,
    why: 'it cannot change its own limits',
  });
  return own.map((type) => ({ type }));
}

/** In the container's own network namespace. */
export const SYSCTL: Readonly<Record<string, string>> = { 'net.ipv4.ip_unprivileged_port_start': '0' };
