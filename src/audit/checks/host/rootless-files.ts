// SPDX-License-Identifier: Apache-2.0
import { octal } from './shared/files.ts';
import { isHis, ofUserFiles, userFile } from './shared/rootless.ts';
import type { HostCheck } from './shared/sysctl.ts';

const CONFIG = '/home/alice/.config/docker/daemon.json';
const SOCKET = '/run/user/1000/docker.sock';

export default {
  id: 'SEC-HOST-0096',
  title: 'Only its user changes, and asks, an engine that runs without root',
  severity: 'high',
  target: 'host',
  frameworks: [1, 2, 5, 6, 7, 8, 15, 16, 17, 18, 23, 24].map((n) => `CIS-Docker-1.6:3.${n}`),
  rationale:
    'A line in his daemon.json or his unit makes the engine start a program as the user, and who may connect to its socket has all his files and containers. What belongs to root is his as well as it is of the machine.',
  remediation:
    "As root: 'chown USER: PATH && chmod go-w PATH' for each path that is named; of his sockets 'chmod o-rw PATH'. Find out who wrote it ('ls -l --time-style=full-iso PATH').",
  references: [
    'https://docs.docker.com/engine/security/rootless/',
    'https://github.com/containers/podman/blob/main/rootless.md',
  ],
  examples: [
    { good: userFile(CONFIG, { mode: 0o644 }), bad: userFile(CONFIG, { mode: 0o646 }) },
    { good: userFile(CONFIG, { uid: 0 }), bad: userFile(CONFIG, { uid: 1001 }) },
    { good: userFile(SOCKET, { mode: 0o660 }), bad: userFile(SOCKET, { mode: 0o666 }) },
    { good: userFile(SOCKET, { gid: 100_997 }), bad: userFile(SOCKET, { gid: 998 }) },
    { good: userFile('/run/user/1000', { mode: 0o700 }), bad: userFile('/run/user/1000', { mode: 0o777 }) },
  ],
  check: (facts) =>
    ofUserFiles(facts, ({ uid, gid, mode, type }, _, user) => {
      const does = type === 'socket' ? 'connect to' : 'change';
      const owner =
        uid === user.uid || uid === 0
          ? []
          : [{ what: `belongs to user ${uid}, not to ${user.name} (${user.uid})`, aspect: '' }];
      if ((mode & 0o002) !== 0)
        return [...owner, { what: `has mode ${octal(mode)}: everybody can ${does} it`, aspect: ' mode' }];
      if ((mode & 0o020) === 0 || gid === 0 || isHis(user, gid, facts)) return owner;
      // The group of a socket is who may use it, as with root's; of a file it is the mode that lets it write.
      const aspect = type === 'socket' ? ' group' : ' mode';
      return [...owner, { what: `has mode ${octal(mode)}: group ${gid} can ${does} it`, aspect }];
    }),
} satisfies HostCheck;
