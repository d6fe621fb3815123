// SPDX-License-Identifier: Apache-2.0
import { SOCKETS } from '../../facts/host/files.ts';
import { files, octal } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0024',
  title: 'Sockets of container engines are closed to others',
  severity: 'critical',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:3.15', 'CIS-Docker-1.6:3.16', 'CIS-Docker-1.6:3.23', 'CIS-Docker-1.6:3.24'],
  rationale:
    'Who may connect starts a container that has the root of the host in it: the socket is a root shell without a password.',
  remediation:
    "Run 'chown root:docker /run/docker.sock && chmod 660 /run/docker.sock', 'chown root:root /run/containerd/containerd.sock && chmod 660 /run/containerd/containerd.sock', and set SocketMode=0660 in the engine's .socket unit.",
  references: [
    'https://docs.docker.com/engine/security/protect-access/',
    'https://docs.docker.com/engine/security/#docker-daemon-attack-surface',
  ],
  examples: [
    {
      good: { files: { '/run/docker.sock': { mode: 0o660 } } },
      bad: { files: { '/run/docker.sock': { mode: 0o666 } } },
    },
    {
      good: { files: { '/run/containerd/containerd.sock': { uid: 0 } } },
      bad: { files: { '/run/containerd/containerd.sock': { uid: 1000 } } },
    },
    {
      good: { files: { '/run/containerd/containerd.sock': { gid: 0 } } },
      bad: { files: { '/run/containerd/containerd.sock': { gid: 1000 } } },
    },
  ],
  check: (facts) =>
    files(facts, SOCKETS, 'no container engine listens', ({ uid, gid, mode }, path) => {
      if (uid !== 0) return `belongs to user ${uid}`;
      // unix(7): who may write may connect.
      if ((mode & 0o002) !== 0) return `has mode ${octal(mode)}: everybody can connect`;
      // That of docker has a group for it, whose members are a check of their own.
      const group = path !== '/run/docker.sock' && gid !== 0 && (mode & 0o020) !== 0;
      return group ? `has mode ${octal(mode)}: group ${gid} can connect, and is root by that` : null;
    }),
} satisfies HostCheck;
