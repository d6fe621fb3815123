// SPDX-License-Identifier: Apache-2.0
// The mounts of one RUN, made ready on the host: copies of files, directories that stay, secrets, the socket of an agent.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { components, pathOf, Tree } from '../images/layer/tree.ts';
import { type Lock, lockFile, tryLock } from '../images/lock.ts';
import type { Mount } from '../plan/spec.ts';
import { Copying } from './copy.ts';
import { failed } from './problems.ts';
import type { BindMount, CacheMount, RunMount, SecretMount } from './run-mounts.ts';
import { type Shared, type State, seconds, treeOf } from './shared.ts';
import type { SourceTree } from './sources.ts';
import { stepsDirectory } from './sweep.ts';

const SECRET_LIMIT = 500 * 1024;

/** A stage by its name or number, else an image. */
export type From = (name: string) => Promise<State>;

/** Everything that a step's mounts stand for, without anything being made: part of what the step depends on. */
export interface Prepared {
  readonly key: string;
  readonly copying: Copying | undefined;
  readonly mount: RunMount;
}

function bindOf(mount: BindMount | CacheMount, target: string): Mount {
  return {
    destination: mount.target,
    type: 'bind',
    source: target,
    options: ['bind', 'nosuid', 'nodev', mount.readOnly ? 'ro' : 'rw'],
  };
}

/** The files of `from=` and `source=`, to be below `source` of a directory of their own. */
async function copyFor(
  shared: Shared,
  mount: BindMount | CacheMount,
  from: From,
  close: (() => void)[],
): Promise<Copying> {
  let source: SourceTree;
  if (mount.from === undefined) {
    if (shared.context === undefined)
      throw failed(`--mount=target=${mount.target}: there is no build context`, 'give a directory to build from');
    source = shared.context;
  } else {
    const tree = await treeOf(shared, await from(mount.from));
    close.push(() => tree.close());
    source = { tree, ignore: undefined, what: mount.from };
  }
  const empty = Tree.open([]);
  const options = {
    owner: undefined,
    mode: undefined,
    parents: false,
    exclude: undefined,
    latest: shared.request.epoch,
    now: seconds(shared),
  };
  const copying = new Copying(empty, options);
  copying.fromTree(
    source,
    [
      pathOf(
        components(mount.source)
          .join('/')
          .replaceAll(/[*?[\\]/g, '\\$&'),
      ),
    ],
    '/source',
  );
  return copying;
}

/** Look at what the mounts name. @param close gets what the caller has to do when the step has ended @throws SecureError BUILD_FAILED */
export async function prepareMounts(
  shared: Shared,
  mounts: readonly RunMount[],
  from: From,
  close: (() => void)[],
): Promise<Prepared[]> {
  const prepared: Prepared[] = [];
  for (const mount of mounts) {
    const copied = mount.type === 'bind' || (mount.type === 'cache' && mount.from !== undefined);
    const copying = copied ? await copyFor(shared, mount as BindMount | CacheMount, from, close) : undefined;
    // What is in a cache is no part of it: the step has to work with an empty one.
    prepared.push({
      mount,
      copying,
      key: JSON.stringify([mount, mount.type === 'bind' ? copying?.digest : undefined]),
    });
  }
  return prepared;
}

export interface Ready {
  readonly mounts: readonly Mount[];
  readonly secrets: readonly Buffer[];
}

export class StepMounts {
  readonly #shared: Shared;
  readonly #close: (() => void | Promise<void>)[] = [];
  readonly #secrets: Buffer[] = [];
  #directory: string | undefined;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** @throws SecureError BUILD_FAILED for a secret that is missing */
  async ready(prepared: readonly Prepared[]): Promise<Ready> {
    const mounts: Mount[] = [];
    for (const { mount, copying } of prepared) {
      const one = await this.#mount(mount, copying);
      if (one !== undefined) mounts.push(one);
    }
    return { mounts, secrets: this.#secrets };
  }

  /** A script of a here-document with an interpreter of its own. */
  script(name: string, text: string): Mount {
    const path = join(this.#own(), name);
    writeFileSync(path, text, { mode: 0o755, flag: 'wx' });
    return {
      destination: `/dev/pipes/${name}`,
      type: 'bind',
      source: path,
      options: ['bind', 'nosuid', 'nodev', 'ro'],
    };
  }

  async close(): Promise<void> {
    for (const action of this.#close.reverse()) await action();
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }

  /** In memory where a file there can be shown to a user namespace (tmpfs, Linux 6.3), else beside what is being built. 0700. */
  #own(): string {
    if (this.#directory !== undefined) return this.#directory;
    const { roots, host, stage } = this.#shared;
    const [major = 0, minor = 0] = host.kernelRelease.split('.').map(Number);
    const memory = major > 6 || (major === 6 && minor >= 3);
    const all = memory ? stepsDirectory(roots) : stage.directory;
    mkdirSync(all, { recursive: true, mode: 0o700 });
    this.#directory = mkdtempSync(join(all, 'step-'));
    // Whose lock is free belongs to nobody any more.
    const lock = tryLock(this.#directory);
    if (lock !== undefined) this.#hold(lock);
    return this.#directory;
  }

  async #mount(mount: RunMount, copying: Copying | undefined): Promise<Mount | undefined> {
    switch (mount.type) {
      case 'tmpfs': {
        const size = mount.size === undefined ? [] : [`size=${mount.size}`];
        return {
          destination: mount.target,
          type: 'tmpfs',
          source: 'tmpfs',
          options: ['nosuid', 'nodev', 'mode=755', ...size],
        };
      }
      case 'bind': {
        const root = await this.#shared.stage.unpack(copying?.members ?? []);
        return bindOf(mount, join(root, 'source'));
      }
      case 'cache':
        return bindOf(mount, await this.#cache(mount, copying));
      case 'secret':
        return this.#secret(mount);
      case 'ssh':
        return this.#ssh(mount);
    }
  }

  /** A directory that stays: state/build/mounts/<hash>/root, beside it the lock of who has it alone. */
  async #cache(mount: CacheMount, copying: Copying | undefined): Promise<string> {
    const all = join(this.#shared.roots.state, 'build', 'mounts');
    const name = createHash('sha256').update(mount.id).digest('hex');
    const directory = await this.#claimed(join(all, name), mount.sharing);
    const root = join(directory, 'root');
    if (existsSync(root)) return root;
    if (copying === undefined) mkdirSync(root);
    else {
      const unpacked = await this.#shared.stage.unpack(copying.members);
      const source = join(unpacked, 'source');
      if (!lstatSync(source).isDirectory())
        throw failed(`--mount=type=cache,target=${mount.target}: its source is no directory`, 'give a directory');
      renameSync(source, root);
    }
    chmodSync(root, mount.mode);
    chownSync(root, mount.uid, mount.gid);
    return root;
  }

  async #claimed(path: string, sharing: CacheMount['sharing']): Promise<string> {
    if (sharing !== 'private') {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      // Who shares it does not meet who has it alone.
      this.#hold(await lockFile(join(path, 'lock'), sharing === 'locked'));
      return path;
    }
    for (let i = 0; ; i += 1) {
      const own = i === 0 ? path : `${path}-${i}`;
      mkdirSync(own, { recursive: true, mode: 0o700 });
      const lock = tryLock(own);
      if (lock === undefined) continue;
      this.#hold(lock);
      return own;
    }
  }

  #hold(lock: Lock): void {
    this.#close.push(() => lock.release());
  }

  #secret(mount: SecretMount): Mount | undefined {
    const source = this.#shared.request.secrets.find(({ id }) => id === mount.id);
    if (source === undefined) {
      if (!mount.required) return undefined;
      throw failed(
        `the secret ${JSON.stringify(mount.id)} is required and was not given`,
        `--secret id=${mount.id},src=FILE or --secret id=${mount.id},env=NAME`,
      );
    }
    const data = readSecret(source);
    this.#secrets.push(data);
    const path = join(
      this.#own(),
      `secret-${createHash('sha256').update(`${mount.id}\0${mount.target}`).digest('hex').slice(0, 16)}`,
    );
    writeFileSync(path, data, { mode: 0o600, flag: 'wx' });
    chownSync(path, mount.uid, mount.gid);
    chmodSync(path, mount.mode);
    return {
      destination: mount.target,
      type: 'bind',
      source: path,
      options: ['bind', 'nosuid', 'nodev', 'noexec', 'ro'],
    };
  }

  /** A socket of our own in front of the agent's, which only its owner could connect to. */
  async #ssh(mount: SecretMount): Promise<Mount | undefined> {
    const agent = this.#shared.request.ssh.get(mount.id);
    if (agent === undefined) {
      if (!mount.required) return undefined;
      throw failed(`the agent ${JSON.stringify(mount.id)} is required and was not given`, `--ssh ${mount.id}=SOCKET`);
    }
    const path = join(this.#own(), `agent-${this.#close.length}`);
    const server = createServer((client) => {
      const upstream = connect(agent);
      client.on('error', () => upstream.destroy()).pipe(upstream);
      upstream.on('error', () => client.destroy()).pipe(client);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(path, resolve);
    });
    this.#close.push(
      () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
        }),
    );
    chownSync(path, mount.uid, mount.gid);
    chmodSync(path, mount.mode);
    return { destination: mount.target, type: 'bind', source: path, options: ['bind', 'nosuid', 'nodev', 'rw'] };
  }
}

function readSecret({ id, file, env }: { id: string; file?: string; env?: string }): Buffer {
  if (env !== undefined) {
    const value = process.env[env];
    if (value !== undefined) return Buffer.from(value);
    throw failed(
      `the secret ${JSON.stringify(id)} is to be $${env}, which is not set`,
      'set it, or give a file: src=FILE',
    );
  }
  try {
    if (statSync(file ?? '').isFile()) {
      const data = readFileSync(file ?? '');
      if (data.length <= SECRET_LIMIT) return data;
      throw failed(
        `the secret ${JSON.stringify(id)} is larger than ${SECRET_LIMIT} bytes`,
        'it is meant for keys and tokens',
      );
    }
    throw failed(`the secret ${JSON.stringify(id)}: ${file} is no regular file`, 'give a file');
  } catch (error) {
    if ((error as { code?: string }).code === 'BUILD_FAILED') throw error;
    throw failed(
      `the secret ${JSON.stringify(id)}: ${file} cannot be read: ${(error as Error).message}`,
      'check the path',
    );
  }
}
