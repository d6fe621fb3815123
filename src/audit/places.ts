// SPDX-License-Identifier: Apache-2.0
// Places of a host that a container with a mount of them has a hold on it by.
import { posix } from 'node:path';

/** `/var/run` is `/run`, and `..` leads where it leads. */
const hostPath = (source: string): string =>
  posix
    .normalize(source)
    .replace(/(?<=.)\/+$/, '')
    .replace(/^\/var\/run(?=\/|$)/, '/run');

export const isBelow = (path: string, directory: string): boolean =>
  path === directory || directory === '/' || path.startsWith(`${directory}/`);

/** Whoever may connect to one of them starts containers or units as root. */
const SOCKETS = [
  '/run/docker.sock',
  '/run/containerd/containerd.sock',
  '/run/crio/crio.sock',
  '/run/podman/podman.sock',
  '/run/cri-dockerd.sock',
  '/run/k3s/containerd/containerd.sock',
  '/run/buildkit/buildkitd.sock',
  '/run/systemd/private',
  '/run/dbus/system_bus_socket',
  '/var/lib/kubelet/pod-resources/kubelet.sock',
];
/** Those of a user, and the directories that they are in. */
const USER_SOCKET =
  /^\/run\/user(?:\/\d+(?:\/(?:docker\.sock|podman(?:\/podman\.sock)?|containerd(?:\/.*)?|systemd(?:\/private)?|bus))?)?$/;

/** A directory above a socket gives it too; the root and /run as a whole are named as such by SEC-CONTAINER-0015. */
export function engineSocket(source: string): string | undefined {
  const path = hostPath(source);
  const found = SOCKETS.find((socket) => path === socket || (path !== '/' && path !== '/run' && isBelow(socket, path)));
  if (found !== undefined) return found;
  return USER_SOCKET.test(path) || /\/(?:docker|podman|containerd|crio)\.sock$/.test(path) ? path : undefined;
}

/** With everything below them. */
const TREES = [
  '/boot',
  '/dev',
  '/etc',
  '/proc',
  '/sys',
  '/bin',
  '/sbin',
  '/lib',
  '/lib64',
  '/usr',
  '/root',
  '/var/lib/docker',
  '/var/lib/containerd',
  '/var/lib/containers',
  '/var/lib/kubelet',
  '/var/lib/secure',
  '/var/spool/cron',
];
/** As a whole only: what is below may be harmless. */
const WHOLE = ['/', '/run', '/var', '/var/lib', '/home', '/opt', '/srv', '/tmp', '/var/tmp', '/mnt'];
/** When they are only read: the time of day, names and certificates that everybody may know. */
const PUBLIC = [
  '/etc/localtime',
  '/etc/timezone',
  '/usr/share/zoneinfo',
  '/etc/hosts',
  '/etc/resolv.conf',
  '/etc/ssl/certs',
  '/etc/pki/ca-trust/extracted',
  '/usr/share/ca-certificates',
];
/** Where a user's keys are. */
const KEYS = /^\/home\/[^/]+\/\.(?:ssh|gnupg|aws|azure|docker|kube|config\/gcloud)(?:\/|$)/;

/** What of the host's own a mounted path holds; undefined: nothing of it. */
export function hostDirectory(source: string, readOnly: boolean): string | undefined {
  const path = hostPath(source);
  if (readOnly && PUBLIC.some((directory) => isBelow(path, directory))) return undefined;
  const found = WHOLE.find((directory) => directory === path) ?? TREES.find((directory) => isBelow(path, directory));
  return found ?? (KEYS.test(path) ? path : undefined);
}
