// SPDX-License-Identifier: Apache-2.0
// Engines that users run without root: what they are configured with, who can change it, and what of the system they rest on.
import { closeSync, constants, fstatSync } from 'node:fs';
import { getXattr } from '../../../native.ts';
import { capabilityNames } from '../container/process.ts';
import { type Account, sharesGroup } from './accounts.ts';
import { type DockerFacts, tlsFiles } from './docker.ts';
import { Home } from './home.ts';
import type { Mount } from './mounts.ts';
import { collectUserPodman, type PodmanFacts } from './podman.ts';
import { collectDaemon, type RootlessNetwork } from './rootless-daemon.ts';
import type { FileFact, Tree } from './tree.ts';
import { imagePolicy, type TrustFacts } from './trust.ts';
import { isLocal, isPerson, MOST_USERS, openHome, openRuntime, runtimeUids, type User, usersOf } from './users.ts';

export type { RootlessNetwork };

export interface RootlessUser extends User {
  /** Nobody else is in his group. */
  readonly ownGroup: boolean;
  /** Those that are there, by absolute path. */
  readonly files: Readonly<Record<string, FileFact>>;
  /** Paths that could not be looked at, or that lead out of his home. */
  readonly unseen: readonly string[];
  /** Null: nothing shows that he runs docker. */
  readonly docker: DockerFacts | null;
  /** Null: nothing says how his docker is started. */
  readonly network: RootlessNetwork | null;
  /** Null: nothing shows that he runs podman. */
  readonly podman: PodmanFacts | null;
  /** His own policy.json, which is read in place of that of the machine. */
  readonly trust: Pick<TrustFacts, 'podman' | 'problem'>;
  /** His services start with the machine, and outlive his sessions; null: it cannot be told. */
  readonly lingers: boolean | null;
  /** Controllers of control groups that are his; null: no manager of his runs. */
  readonly controllers: readonly string[] | null;
}
export interface Helper extends FileFact {
  /** Its capabilities, `CAP_SETUID`; null: they cannot be read. */
  readonly capabilities: readonly string[] | null;
}
export interface RootlessFacts {
  /** Those with an engine of their own. */
  readonly users: readonly RootlessUser[];
  /** Why there may be more of them; null: all were looked at. */
  readonly problem: string | null;
  /** The programs that give users their further ids; null: absent; left out: it cannot be looked at. */
  readonly helpers: Readonly<Record<string, Helper | null>>;
}

export const HELPERS = ['/usr/bin/newuidmap', '/usr/bin/newgidmap'] as const;
const POLICY = '.config/containers/policy.json';
const LINGER = '/var/lib/systemd/linger';

/** Below a home: what shows that there is an engine, and what decides about it. */
const DOCKER = [
  ...['.config/docker', '.config/docker/daemon.json', '.local/share/docker', '.docker/run/docker.sock'],
  ...['.config/systemd/user/docker.service', '.config/systemd/user/docker.service.d'],
];
const PODMAN = [
  ...['.config/containers', '.config/containers/containers.conf', '.config/containers/storage.conf'],
  ...['.config/containers/registries.conf', '.config/containers/policy.json', '.local/share/containers'],
];
const DROP_INS = '.config/systemd/user/docker.service.d';
/** Below the directory in /run/user. */
const DOCKER_RUN = ['docker.sock', 'docker/containerd/containerd.sock'];
const PODMAN_RUN = ['podman/podman.sock'];
/** Clients make these, too: they show no engine. */
const CLIENTS = new Set(['.config/docker', '.config/containers']);
/** What all of that lies in: who writes there puts another one in its place. */
const SHARED = [
  ...['', '.config', '.config/systemd', '.config/systemd/user', '.docker', '.docker/run'],
  ...['.local', '.local/share'],
];
const CERTIFICATES = ['.config/docker/certs.d', '.config/containers/certs.d'];
const MAX_REGISTRIES = 100;

/** Paths in a directory; of one that cannot be listed, its own, which is called. */
type Lister = (directory: string) => string[];

const dropIns = (list: Lister): string[] => list(DROP_INS).filter((path) => path.endsWith('.conf'));

const certificates = (list: Lister): string[] =>
  CERTIFICATES.flatMap((directory) =>
    list(directory)
      .slice(0, MAX_REGISTRIES)
      .flatMap((registry) => list(registry).filter((path) => /\.(?:crt|cert|key|pem)$/.test(path))),
  );

function collectUser(
  tree: Tree,
  user: User,
  directory: number,
  context: {
    readonly accounts: readonly Account[];
    readonly group: string;
    readonly lingering: readonly string[] | null;
    readonly mounts: readonly Mount[] | undefined;
  },
): RootlessUser | undefined {
  const home = new Home(user.home, directory);
  const runtime = runtimeOf(tree, user.uid, context.mounts);
  const files: Record<string, FileFact> = {};
  const unseen: string[] = [];
  const look = (at: Home, paths: readonly string[]): boolean => {
    let shows = false;
    for (const path of paths) {
      const fact = at.stat(path);
      const whole = path === '' ? at.path : `${at.path}/${path}`;
      if (fact === undefined) unseen.push(whole);
      else if (fact !== null) files[whole] = fact;
      // One that cannot be looked at is there.
      if (fact !== null && !CLIENTS.has(path)) shows = true;
    }
    return shows;
  };
  try {
    const docker = [look(home, DOCKER), runtime !== undefined && look(runtime, DOCKER_RUN)].includes(true);
    const podman = [look(home, PODMAN), runtime !== undefined && look(runtime, PODMAN_RUN)].includes(true);
    if (!docker && !podman) return undefined;
    const list = (path: string): string[] => {
      const names = home.list(path);
      if (names === undefined) unseen.push(`${home.path}/${path}`);
      return (names ?? []).map((name) => `${path}/${name}`);
    };
    look(home, [...SHARED, ...dropIns(list), ...certificates(list)]);
    if (runtime !== undefined) look(runtime, ['']);
    const daemon = docker ? collectDaemon(tree, home, runtime, user.uid) : null;
    const below = `${home.path}/`;
    if (daemon !== null)
      look(
        home,
        tlsFiles(daemon.docker).flatMap((path) => (path.startsWith(below) ? [path.slice(below.length)] : [])),
      );
    const slice = `/sys/fs/cgroup/user.slice/user-${user.uid}.slice/user@${user.uid}.service/cgroup.controllers`;
    return {
      ...user,
      ownGroup: !sharesGroup(user.name, user.gid, context.group, context.accounts),
      ...{ files, unseen },
      docker: daemon?.docker ?? null,
      network: daemon?.network ?? null,
      podman: podman ? collectUserPodman(home) : null,
      trust: imagePolicy(home.read(POLICY), `${home.path}/${POLICY}`),
      lingers: context.lingering?.includes(user.name) ?? null,
      controllers: tree.text(slice)?.split(/\s+/).filter(Boolean) ?? null,
    };
  } finally {
    home.close();
    runtime?.close();
  }
}

function runtimeOf(tree: Tree, uid: number, mounts: readonly Mount[] | undefined): Home | undefined {
  if (!isLocal(`/run/user/${uid}`, mounts)) return undefined;
  const fd = openRuntime(tree, uid);
  return fd === undefined ? undefined : new Home(`/run/user/${uid}`, fd);
}

/**
 * Whose account is elsewhere than in /etc/passwd, such as in a directory service, or who has no home of his own, and who has an engine running
 * all the same. @param known of whom it is decided
 */
function stranger(tree: Tree, known: ReadonlySet<number>, mounts: readonly Mount[] | undefined): number | undefined {
  return runtimeUids(tree).find((uid) => {
    const runtime = known.has(uid) ? undefined : runtimeOf(tree, uid, mounts);
    const has = runtime !== undefined && [...DOCKER_RUN, ...PODMAN_RUN].some((path) => runtime.stat(path) !== null);
    runtime?.close();
    return has;
  });
}

/** `security.capability` of capabilities(7), version 2 and 3: what a file permits. */
function permitted(xattr: Buffer | null): string[] {
  if (xattr === null || xattr.length < 20) return [];
  const mask = (BigInt(xattr.readUInt32LE(12)) << 32n) | BigInt(xattr.readUInt32LE(4));
  return capabilityNames(mask.toString(16));
}

function helper(tree: Tree, path: string): Helper | null | undefined {
  const file = tree.stat(path);
  if (file == null) return file;
  if (file.type !== 'file') return { ...file, capabilities: [] };
  try {
    const fd = tree.open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return { ...file, capabilities: permitted(getXattr(fd, 'security.capability')) };
    } finally {
      closeSync(fd);
    }
  } catch {
    return { ...file, capabilities: null };
  }
}

/** @param accounts and @param mounts of the machine; undefined: not known */
export function collectRootless(
  tree: Tree,
  accounts: readonly Account[] | undefined,
  mounts: readonly Mount[] | undefined,
): RootlessFacts {
  const lingering = tree.list(LINGER) ?? null;
  const context = { accounts: accounts ?? [], group: tree.text('/etc/group') ?? '', lingering, mounts };
  const users: RootlessUser[] = [];
  let problem = accounts === undefined ? '/etc/passwd cannot be read' : null;
  const all = usersOf(tree.text('/etc/passwd') ?? '');
  if (all.length === MOST_USERS) problem ??= `of ${MOST_USERS} users or more no more are looked at`;
  const known = new Set<number>();
  for (const user of all) {
    if (!isLocal(user.home, mounts)) {
      known.add(user.uid);
      problem ??= `${user.home} is on the file system of a server, which is not waited for`;
      continue;
    }
    const directory = openHome(tree, user);
    if (directory === undefined) {
      problem ??= foreign(tree, user);
      continue;
    }
    known.add(user.uid);
    if (isClosed(user.uid, fstatSync(directory).mode)) {
      closeSync(directory);
      problem ??= `${user.home} may not be entered: audit as root`;
      continue;
    }
    const found = collectUser(tree, user, directory, context);
    if (found !== undefined) users.push(found);
  }
  const other = stranger(tree, known, mounts);
  if (other !== undefined)
    problem ??= `user ${other} has an engine, and no account in /etc/passwd with a home that is his and says more`;
  const helpers = HELPERS.flatMap((path) => {
    const found = helper(tree, path);
    return found === undefined ? [] : [[path, found] as const];
  });
  return { users, problem, helpers: Object.fromEntries(helpers) };
}

/** Why a home of a person that is not his passes nothing: he gives it away to one of his further ids with no right of root. */
function foreign(tree: Tree, { home, uid }: User): string | null {
  const there = isPerson(uid) ? tree.stat(home) : null;
  if (there === undefined) return `${home} cannot be looked at`;
  return there?.type === 'directory' && there.uid !== 0 ? `${home} belongs to user ${there.uid}, not to ${uid}` : null;
}

/** Whether who audits may look into the home of somebody else. */
const isClosed = (uid: number, mode: number): boolean => {
  const own = process.geteuid?.();
  return own !== 0 && own !== uid && (mode & 0o001) === 0;
};
