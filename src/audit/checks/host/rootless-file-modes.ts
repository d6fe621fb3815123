// SPDX-License-Identifier: Apache-2.0
import { octal } from './shared/files.ts';
import { ofUserFiles, userFile } from './shared/rootless.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** What the benchmark leaves to a directory, a socket and a file of root's engine; the owner is another one here. */
const MOST: Readonly<Record<string, number>> = { directory: 0o755, socket: 0o660 };
/** Where file systems of containers lie: their programs with set-id bits, and CVE-2021-41091. */
const DATA = /\/\.local\/share\/(?:docker|containers)$/;
/** rootlesskit sets it in /run/user, where it keeps cleaners away. */
const STICKY = 0o1000;
/** Others write: that is worse, and a check of its own. */
const WRITE = 0o022;
const DIRECTORY = '/home/alice/.local/share/docker';
const KEY = '/home/alice/.config/docker/certs.d/registry.example/client.key';
const owned = (path: string, mode: number) => userFile(path, { type: 'file', uid: 1000, gid: 1000, mode });

export default {
  id: 'SEC-HOST-0097',
  title: 'Files of engines without root have no more permissions than they need',
  severity: 'low',
  target: 'host',
  frameworks: [2, 6, 8, 16, 18, 24].map((n) => `CIS-Docker-1.6:3.${n}`),
  rationale:
    'Other users who may enter the directory of containers run what lies there, programs with set-id bits among it; the key of a client opens its registry. Nothing needs more than the engine gives itself.',
  remediation:
    "As the user: 'chmod 644' for a file and 'chmod 600' for a key, 'chmod 755' for a directory, 'chmod 710' for ~/.local/share/docker and ~/.local/share/containers, 'chmod 660' for a socket, 'chmod 700' for /run/user/UID.",
  references: ['https://github.com/moby/moby/security/advisories/GHSA-3fwx-pjgw-3558'],
  examples: [
    { good: userFile(DIRECTORY, { mode: 0o710 }), bad: userFile(DIRECTORY, { mode: 0o755 }) },
    { good: owned(KEY, 0o600), bad: owned(KEY, 0o644) },
    { good: userFile('/run/user/1000', { mode: 0o700 }), bad: userFile('/run/user/1000', { mode: 0o711 }) },
  ],
  check: (facts) =>
    ofUserFiles(facts, ({ mode, type }, path, { uid }) => {
      const most = DATA.test(path)
        ? 0o710
        : path === `/run/user/${uid}`
          ? 0o700
          : path.endsWith('.key')
            ? 0o600
            : (MOST[type] ?? 0o644);
      const more = mode & ~most & 0o7777 & ~STICKY & ~WRITE;
      const worse = type === 'socket' && (mode & 0o002) !== 0;
      return more === 0 || worse
        ? []
        : [{ what: `has mode ${octal(mode)}, which is ${octal(more)} more than it needs`, aspect: ' mode' }];
    }),
} satisfies HostCheck;
