// SPDX-License-Identifier: Apache-2.0
// Paths of the host: which of them may be mounted, which are an engine's own, and whether something of the host was mounted there meanwhile.
import { pathWithin } from '../lattice.ts';
import { beneath } from '../patterns.ts';
import type { EngineFacts } from './config.ts';
import { below, matchesPattern, type Names } from './paths.ts';
import type { EnginePolicy } from './types.ts';

/** `file`: made for a container; `volume`: of docker or podman; `pod`: storage that a kubelet hands over. */
export type Own = 'no' | 'file' | 'volume' | 'pod';

/** File systems that hold nothing of this host. */
const OF_OTHERS = ['nfs', 'nfs4', 'cifs', 'smb3', 'ceph', 'glusterfs', '9p', 'tmpfs'];

const join = (top: string, end: string): string => (end === '' ? top : top === '/' ? end : `${top}${end}`);
/** `path` without `top`, with its slash. */
const rest = (path: string, top: string): string => (top !== '/' ? path.slice(top.length) : path === '/' ? '' : path);

export class Sources {
  readonly #policy: EnginePolicy['mounts'];
  readonly #facts: EngineFacts;
  readonly #names: Names;
  readonly #deny: readonly string[];

  /** @param protectedRoot it has a user namespace in which root of the host is nobody */
  constructor(policy: EnginePolicy, facts: EngineFacts, names: Names, protectedRoot: boolean) {
    this.#policy = policy.mounts;
    this.#facts = facts;
    this.#names = names;
    const { deny, denyAsRoot } = policy.mounts;
    this.#deny = protectedRoot ? deny : [...deny, ...denyAsRoot];
  }

  /** Why a path is never given away; undefined: it may be. */
  denied(source: string): string | undefined {
    for (const path of this.#deny) {
      if (path !== '/' && beneath(path, source)) return `${source} is in ${path}`;
      if (path === source || below(path, source) || source === '/') return `${source} contains ${path}`;
    }
    return undefined;
  }

  listed(source: string): boolean {
    return this.#policy.sources.some((pattern) => pathWithin(pattern, source));
  }

  #rootOf(source: string): string | undefined {
    return this.#policy.roots.find((root) => !root.endsWith('/**') && below(source, root));
  }

  #matches(patterns: readonly string[], source: string): string | undefined {
    return patterns.find((pattern) => {
      if (pattern.startsWith('/')) return pattern === source;
      return this.#policy.roots.some(
        (root) =>
          !root.endsWith('/**') &&
          below(source, root) &&
          matchesPattern(pattern, source.slice(root.length + 1), this.#names),
      );
    });
  }

  own(source: string): Own {
    const found = this.#matches(this.#policy.own, source);
    if (found === undefined) return 'no';
    return found.startsWith('pods/') ? 'pod' : found.includes('/_data/') ? 'volume' : 'file';
  }

  /** The root file system of a container, beneath an engine's root? */
  ownRoot(path: string): boolean {
    return this.#matches(this.#policy.ownRoots, path) !== undefined;
  }

  /** Why what an engine has made is something else by now, as with `docker volume create -o o=bind -o device=/etc`; undefined: it is not. */
  mountedOver(source: string, kind: Own): string | undefined {
    const root = this.#rootOf(source);
    if (root === undefined) return undefined;
    const id = this.#facts.mountId(source);
    if (id !== undefined && id === this.#facts.mountId(root)) return undefined;
    const table = this.#facts.mountTable();
    const mount = table.find((one) => one.id === id);
    if (mount === undefined) return `${source} is on a mount that cannot be looked at`;
    if (!below(mount.point, root)) return undefined;
    const inner = join(mount.root, rest(source, mount.point));
    let elsewhere = false;
    for (const other of table) {
      if (other.id === mount.id || other.device !== mount.device) continue;
      if (this.#rootOf(other.point) !== undefined || !beneath(other.root, inner)) continue;
      const host = join(other.point, rest(inner, other.root));
      if (this.own(host) === 'no' && (this.denied(host) !== undefined || !this.listed(host)))
        return `${source} is ${host} of the host, mounted there`;
      elsewhere = true;
    }
    // Storage of a pod is the cluster's to give; an overlay shows what lies below it.
    if (elsewhere || OF_OTHERS.includes(mount.type) || (kind === 'pod' && mount.type !== 'overlay')) return undefined;
    return `${source} is a mount of ${mount.type}`;
  }
}
