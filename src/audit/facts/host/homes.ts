// SPDX-License-Identifier: Apache-2.0
// Files of people by which others become them: what a login reads, keys, and passwords that programs keep.
import { closeSync, fstatSync } from 'node:fs';
import { O_PATH, openBeneath } from '../../../native.ts';
import type { Mount } from './mounts.ts';
import { type FileFact, fileFact, type Tree } from './tree.ts';
import { isLocal, isPerson, openHome, type User, usersOf } from './users.ts';

export interface Home {
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
  /** Absolute. */
  readonly path: string;
  /** The home is there and belongs to somebody else: nothing in it was looked at. */
  readonly foreign: boolean;
  /** By path below the home; '' is itself. What is not there is left out, and so is a link. */
  readonly files: Readonly<Record<string, FileFact>>;
}
export interface HomeFacts {
  readonly homes: readonly Home[];
  /** Why some were not looked at; null: all were. */
  readonly problem: string | null;
}

/** Read by a shell or by sshd at a login. */
const START_FILES = [
  ...['.bashrc', '.bash_profile', '.bash_login', '.profile', '.zshrc', '.zshenv', '.ssh', '.ssh/authorized_keys'],
  ...[
    '.ssh/config',
    '.ssh/rc',
    '.config',
    '.config/systemd',
    '.config/containers',
    '.config/containers/containers.conf',
  ],
];
/** With passwords or tokens in the clear. */
export const SECRET_FILES = [
  ...['.netrc', '.docker/config.json', '.config/containers/auth.json', '.kube/config', '.pgpass', '.git-credentials'],
  ...['.ssh/id_rsa', '.ssh/id_ecdsa', '.ssh/id_ed25519'],
];
/** By which rsh and old sshd let others in. */
export const TRUST_FILES = ['.rhosts', '.shosts'];
const MOST = 500;

/** @param unseen is called when something is there, or may be, and cannot be looked at */
function filesOf(directory: number, unseen: () => void): Record<string, FileFact> {
  const found: Record<string, FileFact> = { '': fileFact(fstatSync(directory)) };
  for (const path of [...START_FILES, ...SECRET_FILES, ...TRUST_FILES]) {
    try {
      const fd = openBeneath(directory, path, O_PATH, { noSymlinks: true });
      found[path] = fileFact(fstatSync(fd));
      closeSync(fd);
    } catch (thrown) {
      // Absent, or by a link, which is not his file.
      if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes((thrown as NodeJS.ErrnoException).code ?? '')) unseen();
    }
  }
  return found;
}

/** @param passwd undefined: it cannot be read, which is told */
export function collectHomes(tree: Tree, passwd: string | undefined, mounts: readonly Mount[] | undefined): HomeFacts {
  if (passwd === undefined) return { homes: [], problem: '/etc/passwd cannot be read' };
  const root: User = { name: 'root', uid: 0, gid: 0, home: '/root' };
  const people = usersOf(passwd).filter(({ uid }) => isPerson(uid));
  let problem = people.length > MOST ? `there are more than ${MOST} people` : null;
  const homes = [root, ...people.slice(0, MOST)].flatMap((user): Home[] => {
    if (!isLocal(user.home, mounts)) {
      problem ??= `${user.home} is on a server`;
      return [];
    }
    const at = { user: user.name, uid: user.uid, gid: user.gid, path: user.home };
    const fd = openHome(tree, user);
    if (fd === undefined) {
      const there = tree.stat(user.home);
      if (there === undefined) problem ??= `${user.home} cannot be looked at: audit as root`;
      return there?.type === 'directory' && there.uid !== user.uid ? [{ ...at, foreign: true, files: {} }] : [];
    }
    try {
      const unseen = () => {
        problem ??= `${user.home} cannot be looked at: audit as root`;
      };
      return [{ ...at, foreign: false, files: filesOf(fd, unseen) }];
    } finally {
      closeSync(fd);
    }
  });
  return { homes, problem };
}
