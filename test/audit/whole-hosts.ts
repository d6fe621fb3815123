// SPDX-License-Identifier: Apache-2.0
// Two machines as trees of files: one that somebody has hardened, and one where everything is open that a check asks about.
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { EXAMPLE_CONFIG } from '../../src/audit/facts/host/example-config.ts';
import { CAREFUL_USERS, CARELESS_USERS } from './whole-users.ts';

export interface HostFile {
  /** A text; `directory`; `socket`. */
  readonly is: string | { readonly kind: 'directory' | 'socket' };
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}
export type HostTree = Readonly<Record<string, HostFile>>;

const text = (is: string, mode = 0o644, gid = 0, uid = 0): HostFile => ({ is, mode, uid, gid });
const directory = (mode = 0o755, gid = 0, uid = 0): HostFile => ({ is: { kind: 'directory' }, mode, uid, gid });
const socket = (mode: number, gid = 0): HostFile => ({ is: { kind: 'socket' }, mode, gid });
const below = (prefix: string, values: Readonly<Record<string, string>>): HostTree =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}/${name}`, text(`${value}\n`)]));
const sysctls = (values: Readonly<Record<string, string>>): HostTree =>
  below(
    '/proc/sys',
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name.replaceAll('.', '/'), value])),
  );
const config = (names: readonly string[], more = ''): string =>
  `${names.map((name) => `CONFIG_${name}=y`).join('\n')}\n${more}`;

const PROGRAMS = ['dockerd', 'containerd', 'containerd-shim-runc-v2', 'runc', 'podman'];
const programs = (mode: number): HostTree =>
  Object.fromEntries(PROGRAMS.map((name) => [`/usr/bin/${name}`, text('\x7fELF', mode)]));

const RELEASE = '6.18.4-amd64';

export const HARDENED: HostTree = {
  ...CAREFUL_USERS,
  ...sysctls({
    'net.ipv4.ip_unprivileged_port_start': '1024',
    'kernel.osrelease': RELEASE,
    'kernel.core_pattern': 'core',
    'kernel.dmesg_restrict': '1',
    'kernel.io_uring_disabled': '2',
    'kernel.kexec_load_disabled': '1',
    'kernel.kptr_restrict': '2',
    'kernel.apparmor_restrict_unprivileged_unconfined': '1',
    'kernel.apparmor_restrict_unprivileged_userns': '1',
    'kernel.modules_disabled': '0',
    'kernel.oops_limit': '100',
    'kernel.warn_limit': '100',
    'kernel.perf_event_paranoid': '3',
    'kernel.randomize_va_space': '2',
    'kernel.seccomp.actions_avail': 'kill_process kill_thread trap errno user_notif trace log allow',
    'kernel.sysrq': '0',
    'kernel.unprivileged_bpf_disabled': '1',
    'kernel.yama.ptrace_scope': '2',
    'dev.tty.ldisc_autoload': '0',
    'dev.tty.legacy_tiocsti': '0',
    'fs.protected_fifos': '2',
    'fs.protected_hardlinks': '1',
    'fs.protected_regular': '2',
    'fs.protected_symlinks': '1',
    'fs.suid_dumpable': '0',
    'net.core.bpf_jit_harden': '2',
    'net.ipv4.conf.all.accept_redirects': '0',
    'net.ipv4.conf.all.accept_source_route': '0',
    'net.ipv4.conf.all.rp_filter': '1',
    'net.ipv4.conf.all.secure_redirects': '0',
    'net.ipv4.conf.all.send_redirects': '0',
    'net.ipv4.conf.default.accept_redirects': '0',
    'net.ipv4.conf.default.rp_filter': '1',
    'net.ipv4.icmp_echo_ignore_broadcasts': '1',
    'net.ipv4.icmp_ignore_bogus_error_responses': '1',
    'net.ipv4.ip_forward': '1',
    'net.ipv4.tcp_syncookies': '1',
    'net.ipv6.conf.all.accept_redirects': '0',
    'net.ipv4.conf.default.secure_redirects': '0',
    'net.ipv4.conf.default.send_redirects': '0',
    'net.ipv6.conf.all.accept_source_route': '0',
    'net.ipv6.conf.default.accept_ra': '0',
    'net.ipv6.conf.default.accept_redirects': '0',
    'vm.mmap_rnd_bits': '32',
    'vm.mmap_rnd_compat_bits': '16',
    'user.max_user_namespaces': '96231',
    'vm.mmap_min_addr': '65536',
    'vm.unprivileged_userfaultfd': '0',
  }),
  ...below('/sys/devices/system/cpu/vulnerabilities', {
    meltdown: 'Not affected',
    spectre_v2: 'Mitigation: Enhanced / Automatic IBRS; IBPB: conditional; BHI: BHI_DIS_S',
    retbleed: 'Mitigation: Enhanced IBRS',
    mds: 'Not affected',
  }),
  '/sys/module/apparmor/parameters/enabled': text('Y\n'),
  '/sys/kernel/security/lsm': text('lockdown,capability,landlock,yama,apparmor\n'),
  '/sys/kernel/security/lockdown': text('none [integrity] confidentiality\n'),
  '/proc/cmdline': text(
    `BOOT_IMAGE=/vmlinuz-${RELEASE} root=/dev/mapper/vg-root ro quiet init_on_alloc=1 slab_nomerge page_alloc.shuffle=1 randomize_kstack_offset=on audit=1 proc_mem.force_override=never\n`,
  ),
  '/proc/swaps': text('Filename\tType\tSize\tUsed\tPriority\n/dev/zram0\tpartition\t4194300\t0\t100\n'),
  '/proc/self/mountinfo': text(
    [
      '21 1 253:0 / / rw,relatime shared:1 - ext4 /dev/mapper/vg-root rw',
      '22 21 253:1 / /var/lib/docker rw,nodev,nosuid,relatime shared:2 - ext4 /dev/mapper/vg-docker rw',
      '24 21 0:30 / /tmp rw,nosuid,nodev shared:4 - tmpfs tmpfs rw',
      '27 21 253:2 / /var/log rw,nodev,nosuid shared:7 - ext4 /dev/mapper/vg-log rw',
      '25 21 0:31 / /var/tmp rw,nosuid,nodev shared:5 - tmpfs tmpfs rw',
      '26 21 0:32 / /dev/shm rw,nosuid,nodev,noexec shared:6 - tmpfs tmpfs rw',
      '23 21 0:20 / /sys/fs/cgroup rw,nosuid,nodev,noexec shared:3 - cgroup2 cgroup2 rw,nsdelegate',
      '',
    ].join('\n'),
  ),
  [`/boot/config-${RELEASE}`]: text(
    [
      ...Object.entries(EXAMPLE_CONFIG),
      ...['IP_DCCP', 'RDS', 'TIPC', 'CRYPTO_USER_API_AEAD', 'HFS_FS'].map((name) => [name, 'm']),
    ]
      .map(
        ([name, value]) => `CONFIG_${name}=${value}
`,
      )
      .join(''),
  ),
  '/etc/passwd': text(
    'root:x:0:0::/root:/bin/bash\nbackup:x:34:34::/var/backups:/bin/sh\ndockremap:x:997:997::/:/usr/sbin/nologin\nalice:x:1000:1000::/home/alice:/bin/bash\n',
  ),
  '/etc/group': text('root:x:0:\nbackup:x:34:\nshadow:x:42:\ndockremap:x:997:\ndocker:x:998:\nalice:x:1000:\n'),
  '/etc/shadow': text(
    'root:!:20000::::::\nbackup:*:20000::::::\nalice:$y$j9T$abcdefgh$ijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQ:20000::::::\n',
    0o640,
    42,
  ),
  '/etc/shadow-': text('root:!:20000::::::\n', 0o600),
  '/etc/login.defs': text('# UMASK 000\nUMASK\t\t027\nENCRYPT_METHOD YESCRYPT\nUID_MIN 1000\n'),
  '/etc/pam.d/common-auth': text(
    'auth required pam_faillock.so preauth\nauth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\n',
  ),
  '/etc/pam.d/common-password': text(
    'password requisite pam_pwquality.so retry=3\npassword [success=1 default=ignore] pam_unix.so yescrypt\n',
  ),
  '/etc/pam.d/su': text('auth sufficient pam_rootok.so\n@include common-auth\n'),
  '/tmp': directory(0o1777),
  '/dev/shm': directory(0o1777),
  '/etc/profile': text('umask 027\n'),
  '/etc/apt/sources.list': text(
    'deb [signed-by=/etc/apt/keyrings/debian.gpg] http://deb.debian.org/debian trixie main\n',
  ),
  '/etc/apt/apt.conf.d/50own': text('APT::Install-Recommends "false";\n// APT::Get::AllowUnauthenticated "true";\n'),
  '/usr/bin/su': text('\x7fELF', 0o4755),
  '/root': directory(0o700),
  '/root/.profile': text('PATH="/usr/local/sbin:/usr/sbin:/usr/bin:$HOME/bin"\n'),
  '/home/alice': directory(0o750, 1000, 1000),
  '/home/alice/.ssh': directory(0o700, 1000, 1000),
  '/home/alice/.ssh/authorized_keys': text('ssh-ed25519 AAAA\n', 0o600, 1000, 1000),
  '/home/alice/.docker/config.json': text('{"credsStore": "pass"}\n', 0o600, 1000, 1000),
  '/etc/exim4/update-exim4.conf.conf': text("dc_local_interfaces='127.0.0.1 ; ::1'\n"),
  '/etc/systemd/system/multi-user.target.wants/exim4.service': text(''),
  '/usr/bin/aide': text('\x7fELF', 0o755),
  '/usr/lib/systemd/system/timers.target.wants/dailyaidecheck.timer': text(''),
  '/usr/lib/systemd/system/timers.target.wants/logrotate.timer': text(''),
  '/etc/logrotate.conf': text('weekly\nrotate 4\n'),
  '/etc/systemd/system/multi-user.target.wants/auditd.service': text(''),
  '/etc/systemd/system/multi-user.target.wants/rsyslog.service': text(''),
  '/etc/systemd/journald.conf': text('[Journal]\nStorage=volatile\n'),
  '/etc/systemd/journald.conf.d/10.conf': text('[Journal]\nStorage=persistent\n'),
  '/etc/rsyslog.conf': text('module(load="imuxsock")\n# module(load="imudp")\n# input(type="imudp" port="514")\n'),
  '/var/log/auth.log': text('', 0o640, 4),
  '/var/log/dpkg.log': text('', 0o644),
  '/var/log/wtmp': text('', 0o664, 43),
  '/var/log/audit': directory(0o750, 4),
  '/var/log/audit/audit.log': text('', 0o600),
  '/etc/audit/auditd.conf': text(
    'max_log_file = 64\nmax_log_file_action = ROTATE\nspace_left_action = SYSLOG\n',
    0o640,
  ),
  '/sys/kernel/security/apparmor/profiles': text('docker-default (enforce)\n/usr/sbin/ntpd (enforce)\n'),
  '/sys/class/net/eth0/operstate': text('up\n'),
  '/sys/class/net/wlan0/operstate': text('down\n'),
  '/sys/class/net/wlan0/phy80211/name': text('phy0\n'),
  [`/lib/modules/${RELEASE}/modules.dep`]: text(''),
  '/lib/modules/6.17.13-amd64/modules.dep': text(''),
  '/etc/ssh/ssh_host_ed25519_key.pub': text('ssh-ed25519 AAAA\n'),
  '/etc/gshadow': text('root:*::\n', 0o640, 42),
  '/etc/subuid': text('alice:100000:65536\ndockremap:165536:65536\n'),
  '/etc/subgid': text('alice:100000:65536\ndockremap:165536:65536\n'),
  '/etc/profile.d/docker.sh': text('export DOCKER_CONTENT_TRUST=1\n'),
  '/run/systemd/timesync': directory(),
  '/usr/sbin/sshd': text('\x7fELF', 0o755),
  '/etc/ssh/sshd_config': text('Include /etc/ssh/sshd_config.d/*.conf\nX11Forwarding no\nPermitRootLogin yes\n'),
  '/etc/ssh/sshd_config.d/10-hardened.conf': text(
    'PermitRootLogin no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nLoginGraceTime 1m\nMaxStartups 10:30:60\nCiphers -aes128-ctr\n',
  ),
  '/etc/ssh/ssh_host_ed25519_key': text('-----BEGIN OPENSSH PRIVATE KEY-----\n', 0o600),
  '/etc/modprobe.d/unused.conf': text(
    'install dccp /bin/false\ninstall rds /bin/true\nblacklist tipc\ninstall algif-aead /bin/false\nblacklist hfs\n',
  ),
  '/etc/systemd/system/multi-user.target.wants/docker.service': text(''),
  '/etc/systemd/system/multi-user.target.wants/nftables.service': text(''),
  '/etc/crontab': text('17 * * * * root cd / && run-parts /etc/cron.hourly\n', 0o600),
  '/etc/cron.d': directory(0o700),
  '/etc/cron.d/backup': text('0 3 * * * root /usr/local/sbin/backup\n', 0o600),
  '/etc/sudoers': text('%sudo ALL=(ALL:ALL) ALL\n', 0o440),
  '/boot/grub/grub.cfg': text('menuentry Debian {}\n', 0o600),
  ...programs(0o755),
  '/usr/lib/systemd/system/docker.service': text('[Service]\nExecStart=/usr/bin/dockerd -H fd://\n'),
  '/usr/lib/systemd/system/docker.socket': text('[Socket]\nListenStream=/run/docker.sock\n'),
  '/usr/lib/systemd/system/containerd.service': text('[Service]\nExecStart=/usr/bin/containerd\n'),
  '/etc/docker': directory(),
  '/etc/docker/daemon.json': text(
    JSON.stringify({
      icc: false,
      'log-level': 'info',
      'userns-remap': 'default',
      'no-new-privileges': true,
      'live-restore': true,
      'userland-proxy': false,
      'log-opts': { 'max-size': '10m', 'max-file': '3' },
      'default-ulimits': { nofile: { Name: 'nofile', Soft: 1024, Hard: 65536 } },
    }),
  ),
  '/etc/docker/certs.d/registry.example/ca.crt': text('-----BEGIN CERTIFICATE-----\n', 0o444),
  '/etc/containerd': directory(),
  '/etc/containerd/config.toml': text('version = 2\n'),
  '/etc/containers': directory(),
  '/etc/containers/policy.json': text('{"default": [{"type": "reject"}]}'),
  '/etc/containers/containers.conf': text('[containers]\npids_limit = 512\nlabel = true\n'),
  '/etc/containers/registries.conf': text(
    'unqualified-search-registries = []\n[[registry]]\nlocation = "127.0.0.1:5000"\ninsecure = true\n',
  ),
  '/var/lib/docker': directory(0o710),
  '/run/containerd': directory(0o711),
  '/run/docker.sock': socket(0o660, 998),
  '/run/containerd/containerd.sock': socket(0o660),
  '/etc/audit/rules.d/containers.rules': text(
    [
      ...[
        '/etc/docker',
        '/etc/containerd',
        '/etc/containers',
        '/var/lib/docker',
        '/run/containerd',
        '/run/docker.sock',
      ],
      ...['/etc/passwd', '/etc/group', '/etc/shadow', '/etc/gshadow', '/etc/sudoers', '/var/log'],
      ...['/usr/lib/systemd/system', ...PROGRAMS.map((name) => `/usr/bin/${name}`)],
    ]
      .map((path) => `-w ${path} -p rwxa -k containers\n`)
      .join('')
      .concat(
        '-a always,exit -F arch=b64 -S init_module,finit_module -S delete_module -k modules\n',
        '-a always,exit -F arch=b64 -S adjtimex -S settimeofday -S clock_settime -k time\n-e 2\n',
      ),
    0o640,
  ),
};

const OLD = '5.16.9-amd64';

export const CARELESS: HostTree = {
  ...CARELESS_USERS,
  ...sysctls({
    'net.ipv4.ip_unprivileged_port_start': '0',
    'kernel.osrelease': OLD,
    'kernel.core_pattern': '|/usr/share/crash/handler %p',
    'kernel.dmesg_restrict': '0',
    'kernel.io_uring_disabled': '0',
    'kernel.kexec_load_disabled': '0',
    'kernel.kptr_restrict': '0',
    'kernel.apparmor_restrict_unprivileged_unconfined': '0',
    'kernel.apparmor_restrict_unprivileged_userns': '1',
    'kernel.modules_disabled': '0',
    'kernel.oops_limit': '0',
    'kernel.warn_limit': '0',
    'kernel.perf_event_paranoid': '-1',
    'kernel.randomize_va_space': '0',
    'kernel.seccomp.actions_avail': '',
    'kernel.sysrq': '1',
    'kernel.unprivileged_bpf_disabled': '0',
    'kernel.yama.ptrace_scope': '0',
    'dev.tty.ldisc_autoload': '1',
    'dev.tty.legacy_tiocsti': '1',
    'fs.protected_fifos': '0',
    'fs.protected_hardlinks': '0',
    'fs.protected_regular': '0',
    'fs.protected_symlinks': '0',
    'fs.suid_dumpable': '1',
    'net.core.bpf_jit_harden': '0',
    'net.ipv4.conf.all.accept_redirects': '1',
    'net.ipv4.conf.all.accept_source_route': '1',
    'net.ipv4.conf.all.rp_filter': '0',
    'net.ipv4.conf.all.secure_redirects': '1',
    'net.ipv4.conf.all.send_redirects': '1',
    'net.ipv4.conf.default.accept_redirects': '1',
    'net.ipv4.conf.default.rp_filter': '0',
    'net.ipv4.icmp_echo_ignore_broadcasts': '0',
    'net.ipv4.icmp_ignore_bogus_error_responses': '0',
    'net.ipv4.ip_forward': '1',
    'net.ipv4.tcp_syncookies': '0',
    'net.ipv6.conf.all.accept_redirects': '1',
    'net.ipv4.conf.default.secure_redirects': '1',
    'net.ipv4.conf.default.send_redirects': '1',
    'net.ipv6.conf.all.accept_source_route': '1',
    'net.ipv6.conf.default.accept_ra': '1',
    'net.ipv6.conf.default.accept_redirects': '1',
    'vm.mmap_rnd_bits': '28',
    'vm.mmap_rnd_compat_bits': '8',
    'user.max_user_namespaces': '0',
    'vm.mmap_min_addr': '0',
    'vm.unprivileged_userfaultfd': '1',
  }),
  ...below('/sys/devices/system/cpu/vulnerabilities', { meltdown: 'Vulnerable', mds: 'Vulnerable; SMT vulnerable' }),
  '/sys/kernel/security/lsm': text('capability\n'),
  '/sys/kernel/security/lockdown': text('[none] integrity confidentiality\n'),
  '/proc/cmdline': text(`BOOT_IMAGE=/vmlinuz-${OLD} root=/dev/sda1 mitigations=off nokaslr init_on_alloc=0 iommu=pt\n`),
  '/proc/swaps': text(
    'Filename\tType\tSize\tUsed\tPriority\n/dev/sda3\tpartition\t4194300\t0\t-2\n/swap\tfile\t1048572\t0\t-3\n',
  ),
  '/proc/self/mountinfo': text(
    [
      '21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
      '22 21 0:20 / /sys/fs/cgroup/memory rw shared:3 - cgroup cgroup rw,memory',
      '',
    ].join('\n'),
  ),
  [`/boot/config-${OLD}`]: text(
    config(
      [
        ...['X86_64', 'MODULES', 'DEVMEM', 'DEVKMEM', 'COMPAT_BRK', 'USER_NS', 'PID_NS', 'NET_NS', 'USELIB', 'KCOV'],
        ...['SLAB_MERGE_DEFAULT', 'TIPC'],
      ],
      'CONFIG_RDS=m\nCONFIG_HFS_FS=m\nCONFIG_CRYPTO_USER_API_AEAD=m\nCONFIG_ARCH_MMAP_RND_BITS_MAX=32\nCONFIG_ARCH_MMAP_RND_COMPAT_BITS_MAX=16\n',
    ),
  ),
  '/usr/share/crash/handler': text('#!/bin/sh\n', 0o777),
  '/etc/passwd': text(
    'root:x:0:0::/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/bash\nbob:x:1000:1001::/:/bin/sh\nbackup:x:34:34::/var/backups:/bin/sh\n+::::::\nguest::1002:1002::/home/guest:/bin/sh\n',
    0o666,
  ),
  '/etc/group': text('root:x:0:\nshadow:x:42:bob\ndocker:x:998:alice\nalice:x:1000:\n', 0o664, 1000),
  '/etc/shadow': text(
    'root:$6$salt$hash:20000::::::\nbackup:$1$salt$hash:20000::::::\nalice:ab1cdEFgh2ijK:1::::::\n',
    0o644,
  ),
  '/etc/shadow-': text('root:*:20000::::::\n', 0o666),
  '/etc/login.defs': text('UMASK 002\nENCRYPT_METHOD DES\n'),
  '/etc/pam.d/common-auth': text('auth required pam_unix.so nullok\n'),
  '/etc/pam.d/su': text('auth sufficient pam_rootok.so\n# auth required pam_wheel.so\nauth required pam_unix.so\n'),
  '/tmp': directory(0o777),
  '/etc/profile': text('', 0o666),
  '/etc/apt/sources.list': text('deb [arch=amd64 trusted=yes] http://mirror.example/debian sid main\n'),
  '/etc/yum.repos.d/own.repo': text('[own]\nbaseurl=http://mirror.example\ngpgcheck=0\n[off]\nenabled=0\ngpgcheck=0\n'),
  '/usr/bin/python3.13': text('\x7fELF', 0o4755),
  '/usr/local/bin/deploy': text('#!/bin/sh\n', 0o775, 1000),
  '/root/.bashrc': text('export PATH=$PATH:.\n'),
  '/home/alice': directory(0o777, 1000, 1000),
  '/home/alice/.docker/config.json': text('{"auths": {}}\n', 0o644, 1000, 1000),
  '/home/alice/.rhosts': text('+ +\n', 0o644, 1000, 1000),
  '/etc/postfix/main.cf': text('#inet_interfaces = loopback-only\ninet_interfaces = all\n'),
  '/etc/systemd/system/multi-user.target.wants/postfix.service': text(''),
  '/usr/bin/telnet': text('\x7fELF', 0o755),
  '/etc/systemd/journald.conf': text('[Journal]\nStorage=volatile\n'),
  '/etc/rsyslog.conf': text('module(load="imudp")\ninput(type="imudp" port="514")\n'),
  '/etc/systemd/system/multi-user.target.wants/apache2.service': text(''),
  '/var/log/secure': text('', 0o644),
  '/var/log/own.log': text('', 0o666),
  '/etc/selinux/config': text('# SELINUX=enforcing\nSELINUX=permissive\nSELINUXTYPE=\n'),
  '/sys/class/net/wlan0/wireless/beacon': text(''),
  '/run/reboot-required': text('*** System restart required ***\n'),
  '/etc/ssh/ssh_host_rsa_key.pub': text('ssh-rsa AAAA\n', 0o666),
  '/etc/gshadow': text('root:*::\n', 0o644),
  '/etc/subuid': text('alice:100000:65536\nbob:120000:65536\ncarol:0:10\n', 0o646),
  '/etc/subgid': text('alice:100000:65536\nbob:120000:65536\n', 0o644, 0, 1000),
  '/usr/sbin/sshd': text('\x7fELF', 0o755),
  '/etc/ssh/sshd_config': text(
    'PermitRootLogin no\nX11Forwarding yes\nMaxAuthTries 20\nLogLevel QUIET\nLoginGraceTime 0\nMaxStartups 1000\nCiphers +3des-cbc\nPermitEmptyPasswords yes\nIgnoreRhosts no\nMatch Address 10.0.0.0/8\n  PermitRootLogin yes\n',
    0o666,
  ),
  '/etc/ssh/ssh_host_rsa_key': text('-----BEGIN OPENSSH PRIVATE KEY-----\n', 0o644),
  '/etc/systemd/system/sockets.target.wants/telnet.socket': text(''),
  '/etc/systemd/system/multi-user.target.wants/avahi-daemon.service': text(''),
  '/etc/crontab': text('17 * * * * root cd / && run-parts /etc/cron.hourly\n', 0o666),
  '/etc/cron.d/backup': text('0 3 * * * root /home/alice/backup\n', 0o664, 1000),
  '/etc/sudoers.d/alice': text('alice ALL=(ALL) NOPASSWD: ALL\n', 0o440, 0, 1000),
  '/boot/grub/grub.cfg': text('menuentry Debian {}\n', 0o644),
  ...programs(0o777),
  '/usr/lib/systemd/system/docker.service': text(
    '[Service]\nExecStart=/usr/bin/dockerd -H fd:// -H tcp://0.0.0.0:2375\n',
    0o646,
  ),
  '/usr/lib/systemd/system/docker.socket': text('[Socket]\nListenStream=/run/docker.sock\n', 0o755),
  '/etc/docker': directory(0o777),
  '/etc/docker/daemon.json': text(
    JSON.stringify({
      debug: true,
      'log-level': 'debug',
      'insecure-registries': ['registry.example:5000'],
      iptables: false,
      'storage-driver': 'devicemapper',
      'storage-opts': ['dm.basesize=50G'],
      experimental: true,
      'cgroup-parent': '/custom',
      'seccomp-profile': 'unconfined',
      tlscacert: '/etc/docker/ca.pem',
      tlscert: '/etc/docker/cert.pem',
      tlskey: '/etc/docker/key.pem',
    }),
    0o666,
  ),
  '/etc/docker/ca.pem': text('-----BEGIN CERTIFICATE-----\n', 0o666),
  '/etc/docker/cert.pem': text('-----BEGIN CERTIFICATE-----\n', 0o644, 0, 1000),
  '/etc/docker/key.pem': text('-----BEGIN PRIVATE KEY-----\n', 0o644),
  '/etc/docker/certs.d/registry.example/client.key': text('-----BEGIN PRIVATE KEY-----\n', 0o666),
  '/etc/containers': directory(),
  '/etc/containers/policy.json': text('{"default": [{"type": "insecureAcceptAnything"}]}'),
  '/usr/share/containers/containers.conf': text('[containers]\nlabel = true\n[engine]\nno_pivot_root = true\n'),
  '/etc/containers/containers.conf.d/10.conf': text(
    '[containers]\nlabel = false\nseccomp_profile = "unconfined"\npids_limit = -1\ndefault_capabilities = ["CHOWN", "cap_sys_admin", "NET_RAW"]\n',
  ),
  '/etc/containers/registries.conf': text(
    '[[registry]]\nprefix = "*.example"\nlocation = "registry.example"\n[[registry.mirror]]\nlocation = "mirror.example:5000"\ninsecure = true\n',
  ),
  '/etc/containerd/certs.d/docker.io/hosts.toml': text(
    'server = "https://docker.io"\n[host."https://cache.example"]\nskip_verify = true\n',
  ),
  '/var/lib/docker': directory(0o755),
  '/run/docker.sock': socket(0o666, 998),
};

/** Lay a tree below a directory. Returns what keeps its sockets there, to be called in the end. */
export async function layHost(root: string, tree: HostTree): Promise<() => void> {
  const servers: Server[] = [];
  const entries = Object.entries(tree);
  for (const [path, { is }] of entries) {
    const where = join(root, path);
    mkdirSync(dirname(where), { recursive: true });
    if (typeof is === 'string') writeFileSync(where, is);
    else if (is.kind === 'directory') mkdirSync(where, { recursive: true });
    else {
      const server = createServer();
      servers.push(server);
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(where, resolve));
    }
  }
  // In the end: a directory may be closed.
  for (const [path, { mode = 0o644, uid = 0, gid = 0 }] of entries) {
    chownSync(join(root, path), uid, gid);
    chmodSync(join(root, path), mode);
  }
  return () => {
    for (const server of servers) server.close();
  };
}
