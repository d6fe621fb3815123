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
export const PASSWORD_FILES = ['/etc/shadow', '/etc/gshadow', '/etc/shadow-', '/etc/gshadow-', '/etc/security/opasswd'];
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

/** What every program, every login or the next start believes. */
export const SYSTEM_FILES = [
  ...['/etc/passwd-', '/etc/group-', '/etc/motd', '/etc/issue', '/etc/issue.net', '/etc/hosts', '/etc/hosts.allow'],
  ...[
    '/etc/hosts.deny',
    '/etc/nsswitch.conf',
    '/etc/resolv.conf',
    '/etc/profile',
    '/etc/profile.d',
    '/etc/bash.bashrc',
  ],
  ...['/etc/environment', '/etc/fstab', '/etc/crypttab', '/etc/ld.so.conf', '/etc/ld.so.conf.d', '/etc/ld.so.preload'],
  ...['/etc/login.defs', '/etc/pam.d', '/etc/security', '/etc/modprobe.d', '/etc/modules-load.d', '/etc/sysctl.conf'],
  ...['/etc/sysctl.d', '/etc/systemd', '/etc/systemd/system', '/etc/audit', '/etc/audit/rules.d', '/etc/rsyslog.conf'],
  ...[
    '/etc/rsyslog.d',
    '/etc/apt',
    '/etc/apt/sources.list.d',
    '/etc/apt/trusted.gpg.d',
    '/etc/yum.repos.d',
    '/etc/pki',
  ],
  ...['/etc/cron.allow', '/etc/at.allow', '/etc/apparmor.d', '/etc/selinux', '/etc', '/usr', '/var', '/root'],
];
/** Directories that everybody may write to. */
export const OPEN_DIRECTORIES = ['/tmp', '/var/tmp', '/dev/shm', '/dev/mqueue', '/run/lock', '/var/crash'];
/** Programs that a machine of containers has no use for, each by its paths and what it is. */
export const NEEDLESS_PROGRAMS: Readonly<Record<string, string>> = {
  ...{ '/usr/bin/telnet': 'telnet', '/usr/bin/telnet.netkit': 'telnet', '/usr/bin/inetutils-telnet': 'telnet' },
  ...{ '/usr/bin/rsh': 'rsh', '/usr/bin/rlogin': 'rsh', '/usr/bin/rcp': 'rsh', '/usr/bin/talk': 'talk' },
  ...{ '/usr/bin/ypwhich': 'NIS', '/usr/sbin/ypbind': 'NIS', '/usr/sbin/prelink': 'prelink' },
  ...{ '/usr/bin/Xorg': 'X', '/usr/lib/xorg/Xorg': 'X', '/usr/libexec/Xorg': 'X', '/usr/bin/Xwayland': 'X' },
  ...{ '/usr/sbin/setroubleshootd': 'SETroubleshoot', '/usr/sbin/mcstransd': 'mcstrans' },
};
/** Left where a package was replaced that programs in memory still have the old one of. */
export const RESTART_REQUIRED = ['/run/reboot-required'];

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
    ...SYSTEM_FILES,
    ...OPEN_DIRECTORIES,
    ...Object.keys(NEEDLESS_PROGRAMS),
    ...RESTART_REQUIRED,
  ]),
];
