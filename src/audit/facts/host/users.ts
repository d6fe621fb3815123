// SPDX-License-Identifier: Apache-2.0
// People of a machine, and what lies in their homes. Whoever is looked at may have put anything there: a link that leads elsewhere, a FIFO,
// a directory of somebody else. So nothing below a home is reached by a link, and a home counts only where it is that of its user.
import { closeSync, constants, fstatSync, type Stats } from 'node:fs';
import { O_PATH, openBeneath } from '../../../native.ts';
import { type Mount, mountOf } from './mounts.ts';
import type { Tree } from './tree.ts';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Absolute. */
  readonly home: string;
}

/** More are not looked at: a machine with more has its accounts elsewhere than in a file. */
export const MOST_USERS = 2000;
const PEOPLE = 1000;
/** `nobody`. */
const NOBODY = 65_534;
/** No account of the system. */
export const isPerson = (uid: number): boolean => uid >= PEOPLE && uid !== NOBODY;
/** A server that is away would keep whoever looks waiting. */
const REMOTE = /^(?:nfs\d?|cifs|smb3?|autofs|afs|ceph|glusterfs|lustre|9p|sshfs|fuse(?:\..*)?)$/;
/** Below the directory of a user, where something is looked for. What he mounts elsewhere, as desktops do in ~/.cache, keeps nobody waiting. */
const LOOKED_AT = /^\/(?:\.?docker|podman|\.(?:config|local|ssh|kube))(?:[./]|$)/;

/** Those of passwd(5) that have a home of their own; root has none here, its engine is that of the machine. */
export function usersOf(passwd: string): User[] {
  const users = passwd.split('\n').flatMap((line): User[] => {
    const [name = '', , uid = '', gid = '', , home = ''] = line.split(':');
    if (!/^\d{1,10}$/.test(uid) || !/^\d{1,10}$/.test(gid) || name === '' || name.startsWith('#')) return [];
    if (Number(uid) === 0 || !/^\/.*[^/]/.test(home) || home.split('/').includes('..')) return [];
    return [{ name, uid: Number(uid), gid: Number(gid), home: home.replace(/\/+$/, '') }];
  });
  return users.slice(0, MOST_USERS);
}

/**
 * File systems of this machine: one of a server is not waited for, nor is a program of a user (FUSE) that he mounts on a directory of his.
 * Undefined mounts say nothing. @param directory of a user
 */
export const isLocal = (directory: string, mounts: readonly Mount[] | undefined): boolean =>
  mounts === undefined ||
  !(
    REMOTE.test(mountOf(mounts, directory)?.type ?? '') ||
    mounts.some(
      ({ type, point }) =>
        REMOTE.test(type) && point.startsWith(`${directory}/`) && LOOKED_AT.test(point.slice(directory.length)),
    )
  );

/** What is open, when it is his. A file system of a user may refuse even to say whose it is. */
function statOf(fd: number, uid: number): Stats | undefined {
  try {
    const stats = fstatSync(fd);
    return stats.uid === uid ? stats : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The open directory that is the home of a user, or undefined when there is none, or it is somebody else's. Links that lead to it are those
 * of root, as on systems where /home is one. To be closed.
 */
export function openHome(tree: Tree, user: User): number | undefined {
  let fd: number;
  try {
    fd = tree.open(user.home, O_PATH | constants.O_DIRECTORY);
  } catch {
    return undefined;
  }
  if (statOf(fd, user.uid) !== undefined) return fd;
  closeSync(fd);
  return undefined;
}

/** More users than that are not logged in. */
const MOST_DIRECTORIES = 1000;

/** Who has a directory in /run/user, by his id; root has none of a user's. */
export const runtimeUids = (tree: Tree): number[] =>
  (tree.list('/run/user') ?? [])
    .filter((name) => /^[1-9]\d{0,9}$/.test(name))
    .slice(0, MOST_DIRECTORIES)
    .map(Number);

/** That directory, open; undefined when there is none, or it is somebody else's. To be closed. */
export function openRuntime(tree: Tree, uid: number): number | undefined {
  let fd: number;
  try {
    fd = tree.open(`/run/user/${uid}`, O_PATH | constants.O_DIRECTORY);
  } catch {
    return undefined;
  }
  if (statOf(fd, uid) !== undefined) return fd;
  closeSync(fd);
  return undefined;
}

/** A socket below an open directory that a user owns, itself open as a path; undefined: there is none that is his. To be closed. */
export function openSocket(directory: number, path: string, uid: number): number | undefined {
  let fd: number;
  try {
    fd = openBeneath(directory, path, O_PATH, { noSymlinks: true });
  } catch {
    return undefined;
  }
  if (statOf(fd, uid)?.isSocket() === true) return fd;
  closeSync(fd);
  return undefined;
}
