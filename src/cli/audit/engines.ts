// SPDX-License-Identifier: Apache-2.0
// Which engines there are to audit, and where they listen.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { collectConfiguredTargets, collectEngineTargets } from '../../audit/engines.ts';
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
  | { readonly engine: SocketEngine; readonly socket: string }
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
  const own = process.env.XDG_RUNTIME_DIR;
  return [
    ...(named === undefined ? [] : [named]),
    join('/run', below),
    ...(own?.startsWith('/') ? [join(own, below)] : []),
  ];
}

/** Those that listen where their clients look. */
export const enginesHere = (wanted: readonly string[] = AUDITED_ENGINES): FoundEngine[] => [
  ...SOCKET_ENGINES.flatMap((engine) => {
    const place = wanted.includes(engine) ? places(engine).find(isSocket) : undefined;
    return place === undefined ? [] : [{ engine, socket: place }];
  }),
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
    if (!isSocket(socket))
      throw new SecureError('AUDIT_UNREADABLE', `--socket ${quote(socket)}: there is no socket`, {
        hint: "give the one that the engine listens on, such as /run/docker.sock; 'systemctl status docker.socket' says where that is",
      });
    return [{ engine, socket }];
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

/** Of all that were found, asked at the same time. */
export async function collectEngines(engines: readonly FoundEngine[]): Promise<Collected[]> {
  const advisories = advisoriesOf(rootsFromEnv().state);
  const collected = await Promise.all(
    engines.map((found) =>
      found.socket === null ? configured(found.engine) : collectEngineTargets(found.engine, found.socket, advisories),
    ),
  );
  return collected.flat();
}
