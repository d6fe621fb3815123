// SPDX-License-Identifier: Apache-2.0
import { ENGINE_FILES, SOCKETS } from '../../facts/host/files.ts';
import { accessFix, type Flaw, files, octal, writableByOthers } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** What the benchmark leaves to a directory, a socket and a file. */
const MOST: Readonly<Record<string, number>> = { directory: 0o755, socket: 0o660 };

export default {
  id: 'SEC-HOST-0046',
  title: 'Files of container engines have the group of root, and no more permissions than they need',
  severity: 'low',
  target: 'host',
  frameworks: [1, 2, 3, 4, 5, 6, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24].map((n) => `CIS-Docker-1.6:3.${n}`),
  rationale:
    'Nothing needs more, so more is a sign of a change that somebody made by hand. What lets somebody else than root change a file is a check of its own, and worse.',
  remediation:
    "'chown root:root PATH', and 'chmod 644' for a file, 'chmod 755' for a directory; of /run/docker.sock 'chown root:docker' and 'chmod 660'.",
  references: ['https://www.cisecurity.org/benchmark/docker'],
  examples: [
    {
      good: { files: { '/etc/docker/daemon.json': { mode: 0o640 } } },
      bad: { files: { '/etc/docker/daemon.json': { mode: 0o744 } } },
    },
    { good: { files: { '/etc/docker': { gid: 0 } } }, bad: { files: { '/etc/docker': { gid: 100 } } } },
    {
      good: { files: { '/run/docker.sock': { mode: 0o660 } } },
      bad: { files: { '/run/docker.sock': { mode: 0o664 } } },
    },
    { good: { dockerGid: 998 }, bad: { dockerGid: 997 } },
  ],
  check: (facts) =>
    files(facts, [...ENGINE_FILES, ...SOCKETS], 'no container engine is installed', (file, path): Flaw[] => {
      const { gid, mode, type } = file;
      // A socket of docker is written by its group, and has to be.
      const worse =
        type === 'socket' ? (mode & 0o002) !== 0 : writableByOthers(file).some(({ aspect }) => aspect !== '');
      const more = mode & ~(MOST[type] ?? 0o644) & 0o7777;
      const own = gid === 0 || (path === '/run/docker.sock' && gid === facts.dockerGid);
      return [
        ...(own ? [] : [{ what: `has the group ${gid}, not that of root`, aspect: ' group' }]),
        ...(more === 0 || worse
          ? []
          : [{ what: `has mode ${octal(mode)}, which is ${octal(more)} more than it needs`, aspect: ' mode' }]),
      ];
    }),
  fix: accessFix(
    'Gives the file to the group of root (of /run/docker.sock: docker), and takes the permissions that it does not need.',
    ({ type }, path, aspect, { dockerGid }) =>
      aspect === ' group'
        ? { gid: path === '/run/docker.sock' ? (dockerGid ?? 0) : 0 }
        : { without: ~(MOST[type] ?? 0o644) & 0o7777 },
  ),
} satisfies HostCheck;
