// SPDX-License-Identifier: Apache-2.0
// Where engines listen, and whose they are. What lies in a directory of a user he made, whatever it says of itself; so its place decides
// whose engine it is, the socket is opened before it is judged, and what was judged is what is connected to.
import { closeSync, fstatSync, lstatSync, openSync, readlinkSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { O_PATH } from '../../../native.ts';
import { parseMounts } from '../host/mounts.ts';
import { Tree } from '../host/tree.ts';
import { isLocal, openHome, openRuntime, openSocket, runtimeUids, type User, usersOf } from '../host/users.ts';
import type { EngineUser } from './types.ts';

export type SocketEngine = 'docker' | 'podman';

export interface EngineSocket {
  readonly engine: SocketEngine;
  /** As it is called. */
  readonly path: string;
  /** Null: root's. */
  readonly user: EngineUser | null;
  /** What is connected to: the same socket, wherever its name leads by now. */
  readonly connect: string;
  close(): void;
}

/** Below the directory that a user has in /run/user. */
const RUNTIME: Readonly<Record<SocketEngine, string>> = { docker: 'docker.sock', podman: 'podman/podman.sock' };
/** Below a home, where there is no such directory. */
const HOME: Readonly<Record<SocketEngine, string>> = { docker: '.docker/run/docker.sock', podman: '' };

const opened = (engine: SocketEngine, path: string, user: EngineUser | null, fd: number): EngineSocket => ({
  ...{ engine, path, user, connect: `/proc/self/fd/${fd}` },
  close: () => closeSync(fd),
});

/** A socket that somebody names, or that is root's; undefined: there is none, or only behind a directory that may not be entered. */
export function namedSocket(engine: SocketEngine, path: string): EngineSocket | undefined {
  let fd: number;
  try {
    // Opened to be read a FIFO would wait for its writer.
    if (statSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return undefined;
    fd = openSync(path, O_PATH);
  } catch {
    return undefined;
  }
  const socket = fstatSync(fd);
  if (!socket.isSocket()) {
    closeSync(fd);
    return undefined;
  }
  return opened(engine, path, ownerOf(fd, socket.uid), fd);
}

/**
 * Who made a socket is its owner; one of root's whose owner was changed is root's all the same. So it is a user's where a directory that it lies
 * in is somebody's, too: he may have put there what he likes.
 */
function ownerOf(fd: number, uid: number): EngineUser | null {
  if (uid === 0) return null;
  try {
    let directory = readlinkSync(`/proc/self/fd/${fd}`);
    do {
      directory = dirname(directory);
    } while (lstatSync(directory).uid === 0 && directory !== '/');
    if (lstatSync(directory).uid === 0) return null;
  } catch {
    // Where it lies cannot be told: then it is not root's.
  }
  const tree = new Tree('/');
  try {
    return { uid, name: nameOf(usersOf(tree.text('/etc/passwd') ?? ''), uid) };
  } finally {
    tree.close();
  }
}

const nameOf = (users: readonly User[], uid: number): string =>
  users.find((one) => one.uid === uid)?.name ?? String(uid);

/** Sockets of engines of users, where their clients look for them: below /run/user, and below homes. To be closed. */
export function userSockets(engines: readonly SocketEngine[], root = '/'): EngineSocket[] {
  const tree = new Tree(root);
  const found: EngineSocket[] = [];
  const look = (directory: number, at: string, below: typeof RUNTIME, user: EngineUser): void => {
    for (const engine of engines.filter((one) => below[one] !== '')) {
      if (found.some((one) => one.engine === engine && one.user?.uid === user.uid)) continue;
      const fd = openSocket(directory, below[engine], user.uid);
      if (fd !== undefined) found.push(opened(engine, `${at}/${below[engine]}`, user, fd));
    }
  };
  try {
    const users = usersOf(tree.text('/etc/passwd') ?? '');
    const mounts = parseMounts(tree.text('/proc/self/mountinfo') ?? '');
    for (const uid of runtimeUids(tree).filter((one) => isLocal(`/run/user/${one}`, mounts))) {
      const directory = openRuntime(tree, uid);
      if (directory === undefined) continue;
      look(directory, `/run/user/${uid}`, RUNTIME, { uid, name: nameOf(users, uid) });
      closeSync(directory);
    }
    for (const user of users.filter(({ home }) => isLocal(home, mounts))) {
      const directory = openHome(tree, user);
      if (directory === undefined) continue;
      look(directory, user.home, HOME, { uid: user.uid, name: user.name });
      closeSync(directory);
    }
    return found;
  } finally {
    tree.close();
  }
}
