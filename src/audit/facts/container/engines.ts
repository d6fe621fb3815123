// SPDX-License-Identifier: Apache-2.0
// What docker and podman do where nobody says anything, and what their `inspect` means.
import { list, object, text } from './json.ts';
import type { PublishedPort } from './plan.ts';

type Json = Readonly<Record<string, unknown>>;

/** What docker leaves to root inside where nothing is said (oci/caps/defaults.go of moby). */
export const DOCKER_CAPABILITIES =
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  );

/** What every engine has its runtime hide and lock; podman does not say so, since it can only be more. */
export const MASKED_PATHS: readonly string[] = [
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/sys/firmware',
];
export const READ_ONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

/** Has it a user namespace of its own? podman says so; docker has one range for all, of which it does not speak here. */
export const hasOwnIds = (host: Json): boolean =>
  Object.keys(object(host.IDMappings)).length > 0 || /^(?:private|auto|keep-id|nomap)/.test(text(host.UsernsMode));

/** `{"80/tcp": [{HostIp, HostPort}]}` */
export function boundPorts(bindings: unknown): PublishedPort[] {
  return Object.entries(object(bindings)).flatMap(([key, hosts]) => {
    const [port = '', protocol = 'tcp'] = key.split('/');
    return list(hosts)
      .map(object)
      .map(({ HostIp, HostPort }) => ({
        protocol,
        hostAddress: text(HostIp),
        hostPort: Number(text(HostPort) || 0),
        containerPort: Number(port),
      }));
  });
}
