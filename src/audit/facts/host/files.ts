// SPDX-License-Identifier: Apache-2.0
// Files whose owner and mode decide who controls the machine's containers.

const UNITS = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
const units = (...names: readonly string[]): string[] =>
  UNITS.flatMap((directory) => names.map((name) => `${directory}/${name}`));

/** Sockets: who may connect is root on the host. */
export const SOCKETS = [
  '/run/docker.sock',
  '/run/containerd/containerd.sock',
  // That which dockerd starts for itself where the system has none.
  '/run/docker/containerd/containerd.sock',
  '/run/crio/crio.sock',
  '/run/podman/podman.sock',
];
/** Configuration of engines: who may write it runs what he likes as root. */
export const ENGINE_FILES = [
  '/etc/docker',
  '/etc/docker/daemon.json',
  '/etc/default/docker',
  '/etc/sysconfig/docker',
  '/etc/containerd',
  '/etc/containerd/config.toml',
  '/etc/crio/crio.conf',
  '/etc/containers',
  '/etc/containers/policy.json',
  '/etc/containers/registries.conf',
  '/etc/secure',
  '/etc/secure/config.yaml',
  ...units('docker.service', 'docker.socket', 'containerd.service', 'crio.service', 'podman.socket'),
];
/** Programs that engines run as root, for the audit system. */
export const ENGINE_PROGRAMS = [
  '/usr/bin/dockerd',
  '/usr/sbin/dockerd',
  '/usr/bin/containerd',
  '/usr/bin/containerd-shim',
  '/usr/bin/containerd-shim-runc-v1',
  '/usr/bin/containerd-shim-runc-v2',
  '/usr/bin/runc',
  '/usr/sbin/runc',
  '/usr/bin/crun',
  '/usr/bin/podman',
  '/usr/bin/conmon',
  '/usr/bin/crio',
];
export const ACCOUNT_FILES = ['/etc/passwd', '/etc/group', '/etc/subuid', '/etc/subgid'];
export const PASSWORD_FILES = ['/etc/shadow', '/etc/gshadow'];
/** Of the programs' own making; a watch on it sees the sockets, too. */
export const RUN_DIRECTORIES = ['/run/containerd'];
/** Where engines keep file systems of containers. */
export const STORES = ['/var/lib/docker', '/var/lib/containerd', '/var/lib/containers', '/var/lib/secure'];

/** Signs that something keeps the clock right: units that are enabled, and what a running program leaves in /run. */
export const TIME_SOURCES = [
  '/run/systemd/timesync',
  '/run/chrony/chronyd.pid',
  '/run/ntpd.pid',
  '/run/ntpsec/ntpd.pid',
  ...['systemd-timesyncd', 'chrony', 'chronyd', 'ntp', 'ntpd', 'ntpsec', 'openntpd'].flatMap((name) =>
    ['sysinit', 'multi-user'].map((target) => `/etc/systemd/system/${target}.target.wants/${name}.service`),
  ),
  ...['/etc/runlevels/default/chronyd', '/etc/runlevels/default/ntpd'],
];

/** What the machine is started by: who reads it knows its password, who writes it starts another kernel. */
export const BOOT_FILES = [
  '/boot/grub/grub.cfg',
  '/boot/grub2/grub.cfg',
  '/boot/grub2/user.cfg',
  '/boot/loader/loader.conf',
];
export const SSHD_FILES = ['/etc/ssh/sshd_config'];

export const ALL_FILES: readonly string[] = [
  ...new Set([
    ...SOCKETS,
    ...ENGINE_FILES,
    ...ENGINE_PROGRAMS,
    ...ACCOUNT_FILES,
    ...PASSWORD_FILES,
    ...STORES,
    ...RUN_DIRECTORIES,
    ...TIME_SOURCES,
    ...BOOT_FILES,
    ...SSHD_FILES,
  ]),
];
