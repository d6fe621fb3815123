// SPDX-License-Identifier: Apache-2.0
// What engines make on the host for a container and mount into it, beneath their roots (`engines.roots`). Only what is named here may come from
// there: the same directories hold the layers, logs and secrets of everybody else.

/**
 * Relative to a root; a leading slash: anywhere. `*` within a component, `**` at the end, `{id}` the container's id,
 * `{sandbox}` and `{pod}` those of its sandbox and pod.
 */
export const OWN_FILES: readonly string[] = [
  // docker; with userns-remap one level deeper. Another container's where its network or ipc namespace is joined.
  ...['', '*.*/'].flatMap((remapped) => [
    ...['hostname', 'hosts', 'resolv.conf', 'mounts/shm'].map((name) => `${remapped}containers/*/${name}`),
    `${remapped}containers/{id}/mounts/**`,
    `${remapped}volumes/*/_data/**`,
  ]),
  // podman and CRI-O, whatever the driver is called
  ...['hostname', 'hosts', 'resolv.conf', 'shm'].map((name) => `*-containers/*/userdata/${name}`),
  '*-containers/{id}/userdata/**',
  // containerd's CRI
  ...['hostname', 'hosts', 'resolv.conf', 'shm'].map((name) => `io.containerd.grpc.v1.cri/sandboxes/{sandbox}/${name}`),
  'io.containerd.grpc.v1.cri/containers/{id}/volumes/**',
  // the kubelet
  'pods/{pod}/etc-hosts',
  'pods/{pod}/containers/**',
  'pods/{pod}/volumes/**',
  'pods/{pod}/volume-subpaths/**',
  // the init that --init asks for
  ...['/usr/bin', '/usr/sbin', '/usr/libexec/docker', '/usr/libexec/podman'].flatMap((directory) => [
    `${directory}/docker-init`,
    `${directory}/catatonit`,
  ]),
];

/** Root file systems of containers, likewise. */
export const OWN_ROOTS: readonly string[] = [
  ...['', '*.*/'].flatMap((remapped) => [
    // docker's and podman's drivers
    ...['overlay/*/merged', 'overlay2/*/merged', 'fuse-overlayfs/*/merged'].map((path) => `${remapped}${path}`),
    ...['vfs/dir/*', 'btrfs/subvolumes/*', 'zfs/graph/*', 'rootfs/*/{id}'].map((path) => `${remapped}${path}`),
  ]),
  'io.containerd.runtime.v2.task/*/{id}/rootfs',
  'io.containerd.runtime.v1.linux/*/{id}/rootfs',
];

/** What only root of the host writes to, and by what is there can be made to do anything; for containers in which root is the same. */
export const ROOTS_OWN: readonly string[] = [
  ...['/bin', '/lib', '/lib32', '/lib64', '/libx32', '/opt', '/root', '/sbin', '/usr'],
  ...['/var/backups', '/var/cache', '/var/lib', '/var/log', '/var/mail', '/var/spool'],
];
