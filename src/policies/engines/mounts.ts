// SPDX-License-Identifier: Apache-2.0
// What of the host an engine may mount into a container, and how.

import { ENGINE_SOCKET } from '../never.ts';
import { beneath } from '../patterns.ts';
import { tmpfsOwnership } from '../tmpfs.ts';
import type { EngineConfig, EngineFacts, EngineMount, Report } from './config.ts';
import { protectsRoot } from './namespaces.ts';
import { below } from './paths.ts';
import { type Own, Sources } from './sources.ts';
import type { EnginePolicy } from './types.ts';

type Mount = Required<EngineMount>;
type Options = string[];

/** File systems of the kernel, where they may be, and what they always are. */
const TYPES: Readonly<Record<string, { readonly destination?: string; readonly options: readonly string[] }>> = {
  proc: { destination: '/proc', options: ['nosuid', 'noexec', 'nodev'] },
  sysfs: { destination: '/sys', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
  cgroup: { options: ['nosuid', 'noexec', 'nodev', 'ro'] },
  cgroup2: { options: ['nosuid', 'noexec', 'nodev', 'ro'] },
  mqueue: { options: ['nosuid', 'noexec', 'nodev'] },
  devpts: { options: ['nosuid', 'noexec'] },
  tmpfs: { options: ['nosuid', 'nodev'] },
};
const MISSING = 'cannot be looked at: it is missing, or a link that leads nowhere';
/** The last one counts (mount(8)). */
export const isWritable = (options: readonly string[]): boolean =>
  !(options.findLast((option) => ['ro', 'rro', 'rw', 'rrw'].includes(option)) ?? 'rw').endsWith('o');

/** `name`, such as nosuid, or rnosuid for what is mounted below as well; and nothing that takes it back. Returns whether something changed. */
function insist(options: Options, name: string): boolean {
  const plain = name.startsWith('r') && name !== 'ro' ? name.slice(1) : name;
  const opposite = plain === 'ro' ? 'rw' : plain.slice(2);
  const before = options.length;
  const kept = options.filter((option) => option !== opposite && option !== `r${opposite}`);
  options.splice(0, before, ...kept);
  const there = options.includes(name);
  if (!there) options.push(name);
  return !there || kept.length !== before;
}

/** One option in each: a comma separates, unless it is quoted or escaped, as in the last argument of mount(2). */
function splitOptions(texts: readonly string[]): string[] {
  return texts.flatMap((text) => {
    const out: string[] = [];
    let one = '';
    let quoted = false;
    for (let i = 0; i < text.length; i += 1) {
      const letter = text[i] ?? '';
      if (letter === '\\' && text[i + 1] === ',') {
        i += 1;
        one += ',';
      } else if (letter === '"') quoted = !quoted;
      else if (letter === ',' && !quoted) {
        out.push(one);
        one = '';
      } else one += letter;
    }
    return [...out, one];
  });
}

const PROPAGATION = /^r?(private|slave|shared|unbindable)$/;

/** What is mounted on either would be mounted on both: from the container onto the host. */
export function keptIn(propagation: string, at: string, report: Report): string {
  if (propagation !== 'shared' && propagation !== 'rshared') return propagation;
  const kept = propagation.replace('shared', 'slave');
  report.tighten('binds.access', at, kept);
  return kept;
}

class Mounts {
  readonly #policy: EnginePolicy;
  readonly #facts: EngineFacts;
  readonly #report: Report;
  readonly #sources: Sources;
  readonly #given: string;
  #root: string;

  constructor(policy: EnginePolicy, facts: EngineFacts, config: EngineConfig, report: Report) {
    this.#policy = policy;
    this.#facts = facts;
    this.#report = report;
    const { annotations = {} } = config;
    const pod = annotations['io.kubernetes.cri.sandbox-uid'] || (annotations['io.kubernetes.pod.uid'] ?? '');
    const names = {
      id: facts.id,
      sandbox: annotations['io.kubernetes.cri.sandbox-id'] ?? '',
      pod,
      anyPod: pod === '' && facts.bundle.includes('/io.containerd.runtime.v2.task/k8s.io/'),
    };
    this.#sources = new Sources(policy, facts, names, protectsRoot(facts, config));
    this.#given = this.#absolute(config.root?.path ?? '');
    this.#root = this.#given;
  }

  #absolute(path: string): string {
    return path.startsWith('/') ? path : `${this.#facts.bundle}/${path}`;
  }

  holdRoot(): void {
    const refuse = (control: string, text: string): void => this.#report.refuse(control, '/root/path', text);
    const at = this.#facts.resolve(this.#given);
    if (at === undefined) {
      refuse('binds.deny', `${this.#given} ${MISSING}`);
      return;
    }
    if (!this.#sources.ownRoot(at)) {
      const why = this.#sources.denied(at);
      if (why !== undefined) {
        refuse('binds.deny', why);
        return;
      }
      if (!this.#sources.listed(at)) {
        refuse('binds.sources', `${at} is none of the paths that may be mounted`);
        return;
      }
    }
    this.#root = at;
  }

  /** `no`: of nobody but who asks for it. Undefined: refused. */
  #allowed(source: string, at: string): Own | undefined {
    const refuse = (control: string, text: string): undefined => {
      this.#report.refuse(control, at, text);
      return undefined;
    };
    const own = this.#sources.own(source);
    if (own !== 'no') {
      const why = this.#sources.mountedOver(source, own);
      return why === undefined ? own : refuse('binds.deny', why);
    }
    if (ENGINE_SOCKET.test(source))
      return refuse('binds.deny', `${source} is an engine's socket, and as good as root on the host`);
    const why = this.#sources.denied(source);
    if (why !== undefined) return refuse('binds.deny', why);
    if (this.#sources.listed(source)) return 'no';
    return refuse('binds.sources', `${source} is none of the paths that may be mounted`);
  }

  #insist(options: Options, names: readonly string[], at: string): void {
    const added = names.filter((name) => insist(options, name));
    if (added.length > 0) this.#report.tighten('binds.access', at, added.join(','));
  }

  /** The resolved source; undefined: refused. */
  #source(mount: Mount, options: Options, at: string): { path: string; own: Own } | undefined {
    const refuse = (text: string): undefined => {
      this.#report.refuse('binds.sources', at, text);
      return undefined;
    };
    const source = this.#absolute(mount.source);
    if (options.includes('copy-symlink') || options.includes('src-nofollow'))
      return refuse(`${source} is to be mounted as a link`);
    const path = this.#facts.resolve(source);
    // What is not there now could be anything by the time that it is mounted.
    if (path === undefined) return refuse(`${source} ${MISSING}`);
    // /proc and /sys without what masks them are there by the time that it is mounted.
    if (below(source, this.#root) || below(source, this.#given) || path === this.#root || below(path, this.#root))
      return refuse(`${path} is in the root of the container itself`);
    const own = this.#allowed(path, at);
    return own === undefined ? undefined : { path, own };
  }

  #bind(mount: Mount, given: Options, at: string): Mount {
    let options = given;
    const source = this.#source(mount, options, at);
    if (source === undefined) return mount;
    const readOnly = this.#policy.mounts.readOnly && source.own === 'no';
    const noexec = this.#policy.root.noexec && !readOnly && isWritable(options);
    const names = ['nosuid', 'nodev', ...(readOnly ? ['ro'] : []), ...(noexec ? ['noexec'] : [])];
    // Of what is mounted below as well.
    const all = options.includes('rbind') ? 'r' : '';
    const added = names.map((name) => `${all}${name}`).filter((name) => insist(options, name));
    // What an engine mounts on a volume later is none of this container's.
    if (source.own === 'volume' || source.own === 'file')
      options = [...options.filter((option) => !PROPAGATION.test(option)), 'rprivate'];
    if (added.length > 0) this.#report.tighten('binds.access', at, added.join(','));
    return { ...mount, source: source.path, options };
  }

  #fileSystem({ type, destination }: Mount, options: Options, at: string): void {
    const known = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
    if (known === undefined) {
      this.#report.refuse('binds.sources', at, `a mount of type '${type}' is none that a container is given`);
      return;
    }
    // Masks and read-only paths are of the one at its usual place.
    if (known.destination !== undefined && destination !== known.destination) {
      this.#report.refuse('maskedPaths', at, `${type} is to be mounted on ${destination}`);
      return;
    }
    const devices = type === 'tmpfs' && destination === '/dev';
    const names = known.options.filter((name) => !(devices && name === 'nodev'));
    const noexec = type === 'tmpfs' && !devices && this.#policy.root.noexec;
    this.#insist(options, noexec ? [...names, 'noexec'] : names, at);
  }

  hold(given: EngineMount, at: string): Mount {
    const mount: Mount = { type: '', source: '', ...given, options: splitOptions(given.options ?? []) };
    const refuse = (text: string): Mount => {
      this.#report.refuse('binds.access', at, text);
      return mount;
    };
    // It would be read otherwise the second time.
    const odd = mount.options.find((option) => /[,"\\]/.test(option));
    if (odd !== undefined) return refuse(`the option '${odd}' is quoted`);
    if (mount.options.includes('remount')) return refuse('a remount could take back what another mount is');
    const options = mount.options.map((option) => keptIn(option, at, this.#report));
    if (mount.type === 'bind' || options.includes('bind') || options.includes('rbind'))
      return this.#bind(mount, options, at);
    this.#fileSystem(mount, options, at);
    return { ...mount, options };
  }
}

/** The mounts as they are made, the root's propagation among them. What is refused is in the report. */
export function holdMounts(
  policy: EnginePolicy,
  facts: EngineFacts,
  config: EngineConfig,
  report: Report,
): { mounts: Mount[]; rootfsPropagation: string } {
  const mounts = new Mounts(policy, facts, config, report);
  mounts.holdRoot();
  const held = (config.mounts ?? []).map((mount, i) => mounts.hold(mount, `/mounts/${i}`));
  const propagation = keptIn(config.linux?.rootfsPropagation ?? '', '/linux/rootfsPropagation', report);
  return { mounts: held, rootfsPropagation: propagation };
}

/** A tmpfs for each path that the policy makes writable, where the engine has nothing. */
export function writableMounts(policy: EnginePolicy, config: EngineConfig, mounts: readonly Mount[]): Mount[] {
  const { uid = 0, gid = 0 } = config.process?.user ?? {};
  const flags = ['nosuid', 'nodev', ...(policy.root.noexec ? ['noexec'] : [])];
  return policy.root.writable
    .filter((path) => !mounts.some(({ destination }) => destination !== '/' && beneath(destination, path)))
    .map((path) => ({
      destination: path,
      type: 'tmpfs',
      source: 'tmpfs',
      options: [...flags, ...tmpfsOwnership(path, { uid, gid })],
    }));
}
