// SPDX-License-Identifier: Apache-2.0
// Facts about an engine, its containers and its images, by docker's API: https://docs.docker.com/reference/api/engine/. Everything is
// asked at once.
import { closeSync, fstatSync } from 'node:fs';
import { O_PATH } from '../../../native.ts';
import { quoted } from '../../verdicts.ts';
import { list, object, text, texts } from '../container/json.ts';
import type { EngineName } from '../engine.ts';
import { parseMounts } from '../host/mounts.ts';
import { Tree } from '../host/tree.ts';
import { isLocal } from '../host/users.ts';
import { EngineClient, EngineProblem, each } from './client.ts';
import { swarmFacts } from './swarm.ts';
import type {
  EngineFacts,
  EngineInfo,
  EnginePart,
  EngineUser,
  Limit,
  ListedContainer,
  ListedImage,
  ListedNetwork,
} from './types.ts';

type Json = Readonly<Record<string, unknown>>;

/** What an engine says of one container or image, as it says it. */
export interface Inspected {
  readonly container: Json;
  /** Sessions of `exec` that are open in it. */
  readonly sessions: readonly Json[];
  /** Why nothing but its name is known; null: something is. */
  readonly problem: string | null;
}
export interface InspectedImage {
  readonly image: Json;
  readonly history: readonly unknown[];
}
export interface EngineAnswers {
  readonly facts: EngineFacts;
  /** The kernel merges the layers of its images; false: a program does, as fuse-overlayfs. */
  readonly native: boolean;
  /** Null: not asked for, or `facts.problems` says why. */
  readonly containers: readonly Inspected[] | null;
  readonly images: readonly InspectedImage[] | null;
}

/** What an older engine does not say it does. */
function limits(whole: Json): Limit[] {
  if (whole.CgroupDriver === 'none') return [];
  const all = { memory: whole.MemoryLimit, pids: whole.PidsLimit, cpu: whole.CpuCfsQuota } as const;
  return (Object.keys(all) as Limit[]).filter((one) => all[one] !== false);
}

function info(answer: unknown): EngineInfo {
  const whole = object(answer);
  if (text(whole.ServerVersion) === '' && text(whole.DockerRootDir) === '')
    throw new EngineProblem('what it says of itself is not what docker or podman say');
  const options = texts(whole.SecurityOptions);
  const has = (name: string): boolean => options.some((option) => option.split(',')[0] === `name=${name}`);
  const seccomp = options.find((option) => option.startsWith('name=seccomp')) ?? '';
  // podman says it beside its options.
  const rootless = has('rootless') || whole.Rootless === true;
  const registries = object(whole.RegistryConfig);
  const indexes = Object.entries(object(registries.IndexConfigs));
  return {
    version: text(whole.ServerVersion),
    rootless,
    userNamespaces: has('userns') || rootless,
    seccomp: /profile=(.*)$/.exec(seccomp)?.[1] ?? (seccomp === '' ? '' : 'default'),
    appArmor: has('apparmor'),
    seLinux: has('selinux'),
    storageDriver: text(whole.Driver),
    loggingDriver: text(whole.LoggingDriver),
    root: text(whole.DockerRootDir),
    authorization: texts(object(whole.Plugins).Authorization),
    limits: limits(whole),
    insecureRegistries: [
      ...texts(registries.InsecureRegistryCIDRs),
      ...indexes.filter(([, index]) => object(index).Secure === false).map(([name]) => name),
    ],
  };
}

const containers = (answer: unknown): ListedContainer[] =>
  list(answer)
    .map(object)
    .map(({ Id, Names, State, ImageID }) => ({
      id: text(Id),
      name: (texts(Names)[0] ?? text(Id).slice(0, 12)).replace(/^\//, ''),
      running: text(State) === 'running' || text(State) === 'paused',
      image: /^[0-9a-f]{64}$/.test(text(ImageID)) ? `sha256:${text(ImageID)}` : text(ImageID),
    }))
    .filter(({ id }) => /^[0-9a-f]{12,64}$/.test(id));

const images = (answer: unknown): ListedImage[] =>
  list(answer)
    .map(object)
    .map(({ Id, RepoTags }) => ({
      id: /^[0-9a-f]{64}$/.test(text(Id)) ? `sha256:${text(Id)}` : text(Id),
      tags: texts(RepoTags).filter((tag) => tag !== '<none>:<none>'),
    }))
    .filter(({ id }) => /^sha256:[0-9a-f]{64}$/.test(id));

const networks = (answer: unknown): ListedNetwork[] =>
  list(answer)
    .map(object)
    .map(({ Name, Driver, Options, Ingress }) => {
      const options = object(Options);
      const icc = text(options['com.docker.network.bridge.enable_icc']);
      return {
        name: text(Name),
        driver: text(Driver),
        // As the daemon reads it: to be there is to be on.
        encrypted: Object.hasOwn(options, 'encrypted') && text(options.encrypted) !== 'false',
        interContainer: text(Driver) === 'bridge' ? icc !== 'false' : null,
        builtin: Ingress === true || ['bridge', 'host', 'none', 'docker_gwbridge', 'podman'].includes(text(Name)),
      };
    });

/** Inspected containers, with sessions of `exec` in those that run. */
async function inspectContainers(client: EngineClient, prefix: string, found: readonly ListedContainer[]) {
  return each(found, async ({ id, name }): Promise<Inspected> => {
    // One that cannot be asked about is there all the same, and nothing of it is passed.
    const unknown = (problem: string): Inspected => ({ container: { Id: id, Name: name }, sessions: [], problem });
    let container: Json;
    try {
      container = object(await client.get(`${prefix}/containers/${id}/json`));
    } catch (thrown) {
      if (!(thrown instanceof EngineProblem) || thrown.gone) throw thrown;
      return unknown(thrown.message);
    }
    const parts = [container.HostConfig, container.Config, container.State];
    if (container.Id !== id || parts.some((part) => typeof part !== 'object' || part === null))
      return unknown('what its engine says of it is not what docker or podman say');
    const ids = texts(container.ExecIDs).filter((session) => /^[0-9a-f]{12,64}$/.test(session));
    const sessions = await each(ids, async (session) => object(await client.get(`${prefix}/exec/${session}/json`)));
    return { container, sessions: sessions.filter(({ Running }) => Running !== false), problem: null };
  });
}

/** Of all answers of an engine of a user: several are asked at once, and any of them may want the memory to go. */
const USER_BYTES = 32 << 20;

export interface CollectOptions {
  /** Ask about each container and each image, too. */
  readonly contents?: boolean;
  readonly milliseconds?: number;
  /** Whose socket it is; null: root's. */
  readonly user?: EngineUser | null;
  /** How the socket is called, where it is connected to by another name. */
  readonly path?: string;
}

/** An engine of which nothing is known, and why. */
export const unknownEngine = (
  engine: EngineName,
  socket: string,
  user: EngineUser | null,
  why: string,
  contradictions: readonly string[] = [],
): EngineFacts => ({
  ...{ engine, user, contradictions, socket, collected: new Date().toISOString() },
  problems: { info: why, containers: why, images: why, networks: why, swarm: why },
  ...{ info: null, containers: null, images: null, networks: null, swarm: null },
});

/** podman says `overlay` of fuse-overlayfs, too, which has marks of its own for what a layer removes. */
const isNative = (answer: unknown): boolean =>
  !list(object(answer).DriverStatus).some(
    (pair) => list(pair)[0] === 'Native Overlay Diff' && list(pair)[1] === 'false',
  );

/** What an engine of a user says of itself and cannot be so. */
function contradictionsOf({ rootless, root }: EngineInfo, { name, uid }: EngineUser): string[] {
  const says: string[] = [];
  if (!rootless) says.push(`it says that it runs as root, and its socket is one of ${name}`);
  const owner = ownerOf(root);
  if (owner !== undefined && owner !== uid)
    says.push(`it says that it keeps everything in ${quoted(root)}, which belongs to user ${owner}`);
  return says;
}

/** Who a directory belongs to; undefined: it cannot be told. Its name is the word of a user: it leads through no link, and to no server. */
function ownerOf(path: string): number | undefined {
  const tree = new Tree('/');
  try {
    if (!path.startsWith('/') || !isLocal(path, parseMounts(tree.text('/proc/self/mountinfo') ?? ''))) return undefined;
    const fd = tree.open(path, O_PATH, { noSymlinks: true });
    try {
      return fstatSync(fd).uid;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  } finally {
    tree.close();
  }
}

/** What an engine says. It never throws because of the engine: what was not answered is null, with a reason. */
export async function collectEngine(
  engine: Extract<EngineName, 'docker' | 'podman'>,
  socket: string,
  { contents = true, milliseconds, user = null, path = socket }: CollectOptions = {},
): Promise<EngineAnswers> {
  const client = new EngineClient(socket, milliseconds, user === null ? {} : { bytes: USER_BYTES });
  const problems: Partial<Record<EnginePart, string>> = {};
  const part = async <T>(name: EnginePart, ask: () => Promise<T>): Promise<T | null> => {
    try {
      return await ask();
    } catch (thrown) {
      if (!(thrown instanceof EngineProblem)) throw thrown;
      problems[name] ??= thrown.message;
      return null;
    }
  };
  // podman says more in a dialect of its own.
  const prefix = engine === 'podman' ? '/v4.0.0/libpod' : '';
  const listed = client.get('/containers/json?all=1').then(containers);
  try {
    const [about, some, inspected, all, inspectedImages, nets] = await Promise.all([
      part('info', async () => {
        const answer = await client.get('/info');
        return { answer, facts: info(answer) };
      }),
      part('containers', () => listed),
      part('containers', async () => (contents ? inspectContainers(client, prefix, await listed) : null)),
      part('images', async () => images(await client.get('/images/json'))),
      part('images', async () => {
        if (!contents) return null;
        return each(images(await client.get('/images/json')), async ({ id }) => {
          const image = object(await client.get(`/images/${id}/json`));
          if (typeof image.Config !== 'object' || image.Config === null)
            throw new EngineProblem(`what it says of the image ${id.slice(7, 19)} is not what docker or podman say`);
          return { image, history: list(await client.get(`/images/${id}/history`)) };
        });
      }),
      part('networks', async () => networks(await client.get('/networks'))),
    ]);
    const contradictions = about === null || user === null ? [] : contradictionsOf(about.facts, user);
    if (contradictions.length > 0) {
      const why = `nothing that it says is believed: ${contradictions.join('; ')}`;
      return {
        facts: unknownEngine(engine, path, user, why, contradictions),
        containers: null,
        images: null,
        native: false,
      };
    }
    const swarm =
      engine === 'podman'
        ? { active: false, manager: null, addresses: null }
        : about === null
          ? null
          : await part('swarm', () => swarmFacts(client, about.answer, user === null));
    if (about === null && problems.info !== undefined) problems.swarm ??= problems.info;
    const facts = {
      ...{ engine, user, contradictions, socket: path, collected: new Date().toISOString(), problems },
      ...{ info: about?.facts ?? null, containers: some, images: all, networks: nets, swarm },
    };
    const native = engine === 'docker' || isNative(about?.answer);
    return { facts, containers: inspected, images: inspectedImages, native };
  } finally {
    client.close();
  }
}
