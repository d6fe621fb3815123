// SPDX-License-Identifier: Apache-2.0
import { SOCKETS } from '../../facts/host/files.ts';
import { accessFix, files, octal } from './shared/files.ts';
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
    { good: { files: { '/run/docker.sock': { gid: 998 } } }, bad: { files: { '/run/docker.sock': { gid: 100 } } } },
  ],
  check: (facts) =>
    files(facts, SOCKETS, 'no container engine listens', ({ uid, gid, mode }, path) => {
      const owner = uid === 0 ? [] : [{ what: `belongs to user ${uid}`, aspect: '' }];
      // unix(7): who may write may connect. That of docker has a group for it, whose members are a check of their own.
      const own = path === '/run/docker.sock' && (facts.dockerGid == null || gid === facts.dockerGid);
      const group = !own && gid !== 0 && (mode & 0o020) !== 0;
      const who = (mode & 0o002) !== 0 ? 'everybody can connect' : undefined;
      return [
        ...owner,
        ...(who === undefined ? [] : [{ what: `has mode ${octal(mode)}: ${who}`, aspect: ' mode' }]),
        ...(group
          ? [{ what: `has mode ${octal(mode)}: group ${gid} can connect, and is root by that`, aspect: ' group' }]
          : []),
      ];
    }),
  fix: accessFix(
    'Gives the socket to root and to the group docker, or that of root, and closes it to others. A unit that makes it again decides again.',
    (_, path, aspect, { dockerGid }) => {
      if (aspect === '') return { uid: 0 };
      return aspect === ' mode' ? { without: 0o002 } : { gid: path === '/run/docker.sock' ? (dockerGid ?? 0) : 0 };
    },
  ),
} satisfies HostCheck;
