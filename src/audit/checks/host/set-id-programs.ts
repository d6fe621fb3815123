// SPDX-License-Identifier: Apache-2.0
import { notApplicable, unknown } from '../../verdicts.ts';
import { files, octal } from './shared/files.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** What distributions ship with such a bit, and somebody needs: accounts, mounts, mail, terminals, engines without root. */
const KNOWN = new Set([
  ...[
    'su',
    'sudo',
    'sudoedit',
    'doas',
    'passwd',
    'chsh',
    'chfn',
    'newgrp',
    'sg',
    'gpasswd',
    'chage',
    'expiry',
    'pkexec',
  ],
  ...['mount', 'umount', 'mount.nfs', 'mount.nfs4', 'umount.nfs', 'mount.cifs', 'fusermount', 'fusermount3', 'ntfs-3g'],
  ...['newuidmap', 'newgidmap', 'ping', 'ping6', 'clockdiff', 'ssh-agent', 'ssh-keysign', 'crontab', 'at', 'batch'],
  ...['unix_chkpwd', 'unix2_chkpwd', 'pam_extrausers_chkpwd', 'pam_timestamp_check', 'polkit-agent-helper-1'],
  ...['dbus-daemon-launch-helper', 'snap-confine', 'snap-update-ns', 'wall', 'write', 'write.ul', 'bsd-write'],
  ...[
    'locate',
    'plocate',
    'mlocate',
    'dotlockfile',
    'utempter',
    'screen',
    'postdrop',
    'postqueue',
    'exim4',
    'sendmail',
  ],
  ...['grub2-set-bootflag', 'userhelper', 'usernetctl', 'staprun', 'cockpit-session', 'mtr-packet', 'lxc-user-nic'],
  ...[
    'pmount',
    'pumount',
    'procmail',
    'lockfile',
    'netreport',
    'Xorg.wrap',
    'bwrap',
    'pppd',
    'fping',
    'nvidia-modprobe',
    'man',
    'mandb',
    'vmware-user-suid-wrapper',
  ],
]);
const base = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const find = (mode: number) => ({
  programs: { setId: ['/usr/bin/find'] },
  files: { '/usr/bin/find': { type: 'file' as const, mode, uid: 0, gid: 0 } },
});

export default {
  id: 'SEC-HOST-0132',
  title: 'No program runs with more rights than it was made for',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:6.1.13', 'CIS-DIL-2.0:6.1.14', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.4'],
  rationale:
    'A set-user-id bit on an interpreter, an editor or a copy of a shell is how somebody who was root once comes back; on a program that nobody wrote for it, its first flaw is root.',
  remediation:
    "Ask the package whether the bit is its own ('dpkg -V', 'rpm -V'), and take it away: 'chmod a-s PATH'. What has to have it, waive by its path.",
  references: ['https://man7.org/linux/man-pages/man2/execve.2.html', 'https://gtfobins.github.io/'],
  examples: [{ good: find(0o755), bad: find(0o4755) }],
  check(facts) {
    if (facts.programs === undefined) return NOT_COLLECTED;
    const { setId, problem: unread } = facts.programs;
    if (setId.length === 0)
      return unread === null
        ? notApplicable('no program has such a bit')
        : unknown(`programs cannot be looked at: ${unread}`);
    const verdict = files(facts, setId, 'no program has such a bit', ({ mode, uid, gid }, path) => {
      if (KNOWN.has(base(path)) || (mode & 0o6000) === 0) return null;
      const whose = [(mode & 0o4000) !== 0 ? `user ${uid}` : '', (mode & 0o2000) !== 0 ? `group ${gid}` : ''];
      return `has mode ${octal(mode)}: it runs as ${whose.filter(Boolean).join(' and ')}, whoever starts it`;
    });
    if (verdict.status === 'pass' && unread !== null) return unknown(`not all programs can be looked at: ${unread}`);
    return verdict;
  },
} satisfies HostCheck;
