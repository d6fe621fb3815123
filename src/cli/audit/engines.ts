// SPDX-License-Identifier: Apache-2.0
// Which engines there are to audit, and where they listen.
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  answeredTargets,
  askEngine,
  collectConfiguredTargets,
  type EngineOptions,
  unaskedTarget,
} from '../../audit/engines.ts';
import { DEADLINE_MS } from '../../audit/facts/engine/client.ts';
import type { EngineAnswers } from '../../audit/facts/engine/collect.ts';
import { type EngineSocket, namedSocket, userSockets } from '../../audit/facts/engine/sockets.ts';
import type { TaskEngine } from '../../audit/facts/engine/tasks.ts';
import type { Collected } from '../../audit/recorded.ts';
import { advisoriesOf } from '../../audit/run.ts';
import { SecureError } from '../../errors.ts';
import { rootsFromEnv } from '../../runtime/images/roots.ts';
import { engineFiles } from '../policy/host.ts';
import { quote } from '../read.ts';

export const SOCKET_ENGINES = ['docker', 'podman'] as const;
/** Those that are looked at without being asked, and what shows that they are here. */
const SIGNS: Readonly<Record<TaskEngine, string>> = {
  containerd: '/run/containerd/containerd.sock',
  crio: '/run/crio/crio.sock',
};
const TASK_ENGINES = ['containerd', 'crio'] as const;
export const AUDITED_ENGINES = [...SOCKET_ENGINES, ...TASK_ENGINES] as const;
export type SocketEngine = (typeof SOCKET_ENGINES)[number];

export type FoundEngine =
  | { readonly engine: SocketEngine; readonly socket: EngineSocket }
  | { readonly engine: TaskEngine; readonly socket: null };

const isSocket = (path: string): boolean => {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isSocket() === true;
  } catch {
    // Below a directory that may not be entered: not ours to ask.
    return false;
  }
};

/** Where an engine listens: where its own client would look, root's daemon, and that of the user. */
function places(engine: SocketEngine): string[] {
  const variable = { docker: 'DOCKER_HOST', podman: 'CONTAINER_HOST' }[engine];
  const named = /^unix:\/\/(\/.+)$/.exec(process.env[variable] ?? '')?.[1];
  const below = { docker: 'docker.sock', podman: 'podman/podman.sock' }[engine];
  const { XDG_RUNTIME_DIR: own, HOME: home } = process.env;
  return [
    ...(named === undefined ? [] : [named]),
    join('/run', below),
    ...(own?.startsWith('/') ? [join(own, below)] : []),
    ...(process.geteuid?.() === 0 ? [] : [join(`/run/user/${process.geteuid?.()}`, below)]),
    ...(engine === 'docker' && home?.startsWith('/') ? [join(home, '.docker/run/docker.sock')] : []),
  ];
}

const whose = ({ engine, user }: EngineSocket): string => `${engine} ${user?.uid ?? ''}`;

/** Nobody but root asks an engine that is not his. */
const isClosed = ({ user, connect }: EngineSocket): boolean => {
  if (user !== null) return false;
  try {
    accessSync(connect, constants.W_OK);
    return false;
  } catch {
    return true;
  }
};

/** Those that listen: of each engine one of root's and one of each user, as many as there are. To be closed. */
function sockets(wanted: readonly SocketEngine[], root: string): EngineSocket[] {
  const all = [
    ...wanted.flatMap((engine) => places(engine).flatMap((path) => namedSocket(engine, path) ?? [])),
    ...(process.geteuid?.() === 0 ? userSockets(wanted, root) : []),
  ];
  const first = all.filter((one, i) => all.findIndex((other) => whose(other) === whose(one)) === i);
  // A user with an engine of his own is not asked about that of the machine, which he may not use.
  const kept = first.filter(
    (one) => !isClosed(one) || !first.some(({ engine, user }) => engine === one.engine && user !== null),
  );
  for (const one of all) if (!kept.includes(one)) one.close();
  return kept;
}

/** Those that listen where their clients look. @param root where the file system of the machine is: of its users */
export const enginesHere = (wanted: readonly string[] = AUDITED_ENGINES, root = '/'): FoundEngine[] => [
  ...sockets(
    SOCKET_ENGINES.filter((engine) => wanted.includes(engine)),
    root,
  ).map((socket) => ({
    engine: socket.engine,
    socket,
  })),
  ...TASK_ENGINES.filter((engine) => wanted.includes(engine) && isSocket(SIGNS[engine])).map((engine) => ({
    engine,
    socket: null,
  })),
];

/**
 * @param name an engine; undefined: every one that is found
 * @throws SecureError AUDIT_UNREADABLE: none is found; USAGE: one that is not asked
 */
export function findEngines(name: string | undefined, socket: string | undefined): FoundEngine[] {
  const engine = SOCKET_ENGINES.find((one) => name === undefined || one === name);
  if (socket !== undefined) {
    if (engine === undefined)
      throw new SecureError('USAGE', `--socket cannot be used with ${name}`, {
        hint: 'it is looked at by its configuration and the bundles of its containers, and not asked',
      });
    const found = namedSocket(engine, socket);
    if (found === undefined)
      throw new SecureError('AUDIT_UNREADABLE', `--socket ${quote(socket)}: there is no socket`, {
        hint: "give the one that the engine listens on, such as /run/docker.sock; 'systemctl status docker.socket' says where that is",
      });
    return [{ engine, socket: found }];
  }
  const wanted = AUDITED_ENGINES.filter((one) => name === undefined || name === one);
  const found = enginesHere(wanted);
  if (found.length > 0) return found;
  const looked = wanted.flatMap((one) => (one === 'docker' || one === 'podman' ? places(one) : [SIGNS[one]]));
  throw new SecureError('AUDIT_UNREADABLE', `no engine listens on ${[...new Set(looked)].join(', ')}`, {
    hint: "start it ('systemctl start docker.socket', 'systemctl start podman.socket'), or name where it listens: --socket PATH",
  });
}

/** A configuration that cannot be read leaves what it decides unknown, and its containers as they are. */
function configured(engine: TaskEngine): Promise<Collected[]> {
  try {
    return collectConfiguredTargets(engine, engineFiles(engine));
  } catch (error) {
    if (!(error instanceof SecureError)) throw error;
    return collectConfiguredTargets(engine, [], error.message);
  }
}

/** Of all engines of users; each has five seconds as every engine has. Whoever keeps many silent ones keeps nobody waiting. */
const USERS_MS = 20_000;
/** Engines of users at once. */
const USERS_AT_ONCE = 4;

/** The answers of each; undefined: there was no time to ask it. */
async function askUsers(found: readonly EngineSocket[], milliseconds: number): Promise<(EngineAnswers | undefined)[]> {
  const ends = Date.now() + milliseconds;
  const answers: (EngineAnswers | undefined)[] = found.map(() => undefined);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < found.length; at = next++) {
      const left = Math.min(ends - Date.now(), DEADLINE_MS);
      if (left > 0) answers[at] = await askEngine(found[at] as EngineSocket, left);
    }
  };
  await Promise.all(Array.from({ length: USERS_AT_ONCE }, worker));
  return answers;
}

export interface CollectEnginesOptions {
  /** Files of images are wanted that the engine has to pack for it. */
  readonly contents?: boolean;
  /** For all engines of users. */
  readonly usersMilliseconds?: number;
}

/** Of all that were found, asked at the same time. They are closed. */
export async function collectEngines(
  engines: readonly FoundEngine[],
  { contents = true, usersMilliseconds = USERS_MS }: CollectEnginesOptions = {},
): Promise<Collected[]> {
  const advisories = advisoriesOf(rootsFromEnv().state);
  const { FetchedImages } = await import('./fetched.ts');
  const fetched = new FetchedImages();
  const optionsFor = ({ connect }: EngineSocket): EngineOptions => ({
    advisories,
    fetch: contents ? (id, database) => fetched.fetch(connect, id, database) : undefined,
  });
  const listening = engines.flatMap(({ socket }) => socket ?? []);
  const [own, users] = [false, true].map((theirs) => listening.filter(({ user }) => (user !== null) === theirs));
  try {
    // All are asked before anything is made of an answer: to look at images takes longer than an engine has to answer.
    const [answers, tasks] = await Promise.all([
      Promise.all((own ?? []).map((one) => askEngine(one))),
      Promise.all(engines.map((found) => (found.socket === null ? configured(found.engine) : []))),
    ]);
    // After those of root: what a user's answers takes so long to read that the others would seem silent.
    const theirs = await askUsers(users ?? [], usersMilliseconds);
    const collected: Collected[] = [];
    for (const [i, said] of answers.entries())
      collected.push(...(await answeredTargets(said, optionsFor((own ?? [])[i] as EngineSocket))));
    collected.push(...tasks.flat());
    for (const [i, said] of theirs.entries()) {
      const one = (users ?? [])[i] as EngineSocket;
      const why = `it was not asked: engines of other users took ${usersMilliseconds / 1000} seconds. Audit it alone: --socket ${one.path}`;
      collected.push(
        ...(said === undefined ? [await unaskedTarget(one, why)] : await answeredTargets(said, optionsFor(one))),
      );
    }
    return collected;
  } finally {
    for (const one of listening) one.close();
  }
}
