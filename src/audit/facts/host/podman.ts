// SPDX-License-Identifier: Apache-2.0
// What containers.conf(5), containers-registries.conf(5) and containerd's hosts.toml say of all containers and registries.
import { getStaticTOMLValue, ParseError, parseTOML } from 'toml-eslint-parser';
import type { Home } from './home.ts';
import type { Tree } from './tree.ts';

export interface ContainersSetting {
  readonly value: unknown;
  /** Absolute. */
  readonly file: string;
}
export interface PodmanFacts {
  /** A program is here that reads containers.conf: podman, buildah or CRI-O. */
  readonly installed: boolean;
  /** Of containers.conf by `section.key`; the last file that says something counts. */
  readonly settings: Readonly<Record<string, ContainersSetting>>;
  /** Registries that are asked without TLS, or without a look at their certificate. */
  readonly insecure: readonly { readonly registry: string; readonly file: string }[];
  /** Why a file cannot be read; null: all can. */
  readonly problem: string | null;
}

type Json = Readonly<Record<string, unknown>>;
const PROGRAMS = ['/usr/bin/podman', '/usr/local/bin/podman', '/usr/bin/buildah', '/usr/bin/crio'];
const CONTAINERD_HOSTS = '/etc/containerd/certs.d';
const NAMES = 1000;

const object = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

class Reader {
  problem: string | null = null;
  readonly settings: Record<string, ContainersSetting> = {};
  readonly insecure: { registry: string; file: string }[] = [];
  readonly #tree: Pick<Tree, 'read' | 'list'>;
  readonly #base: string;

  /** @param base what stands before its paths for people */
  constructor(tree: Pick<Tree, 'read' | 'list'>, base = '') {
    this.#tree = tree;
    this.#base = base;
  }

  #value(file: string): Json {
    const read = this.#tree.read(file);
    if (read.status === 'unreadable') this.problem ??= `${this.#base}${file}: ${read.why}`;
    if (read.status !== 'text') return {};
    try {
      return object(getStaticTOMLValue(parseTOML(read.text, { tomlVersion: '1.0' })));
    } catch (error) {
      // What nests deeper than the stack of the parser is no configuration.
      if (!(error instanceof ParseError) && !(error instanceof RangeError)) throw error;
      this.problem ??= `${this.#base}${file}: this is not TOML`;
      return {};
    }
  }

  /** A file, and those of the directory beside it. */
  #files(file: string): string[] {
    const directory = `${file}.d`;
    const names = this.#tree.list(directory);
    if (names === undefined) this.problem ??= `${this.#base}${directory} cannot be read`;
    const more = (names ?? []).filter((name) => name.endsWith('.conf')).slice(0, NAMES);
    return [file, ...more.map((name) => `${directory}/${name}`)];
  }

  containers(name: string, ...before: readonly string[]): void {
    for (const file of [...before, ...this.#files(name)])
      for (const [section, values] of Object.entries(this.#value(file)))
        for (const [key, value] of Object.entries(object(values)))
          this.settings[`${section}.${key}`] = { value, file: `${this.#base}${file}` };
  }

  registries(name: string): void {
    for (const file of this.#files(name)) {
      const value = this.#value(file);
      const add = (registry: unknown): void => {
        if (text(registry) !== '') this.insecure.push({ registry: text(registry), file: `${this.#base}${file}` });
      };
      for (const one of list(value.registry).map(object)) {
        for (const place of [one, ...list(one.mirror).map(object)])
          if (place.insecure === true) add(place.location ?? place.prefix ?? one.prefix);
      }
      // The form before version 2.
      for (const one of list(object(object(value.registries).insecure).registries)) add(one);
    }
  }

  containerd(): void {
    for (const host of (this.#tree.list(CONTAINERD_HOSTS) ?? []).slice(0, NAMES)) {
      const file = `${CONTAINERD_HOSTS}/${host}/hosts.toml`;
      const value = this.#value(file);
      for (const [address, one] of [...Object.entries(object(value.host)), [text(value.server), value] as const])
        if (object(one).skip_verify === true || (address !== '' && address.startsWith('http://')))
          this.insecure.push({ registry: address === '' ? host : address.replace(/^https?:\/\//, ''), file });
    }
  }
}

export function collectPodman(tree: Tree): PodmanFacts {
  const reader = new Reader(tree);
  reader.containers('/etc/containers/containers.conf', '/usr/share/containers/containers.conf');
  reader.registries('/etc/containers/registries.conf');
  reader.containerd();
  const { settings, insecure, problem } = reader;
  return { installed: PROGRAMS.some((path) => tree.stat(path) != null), settings, insecure, problem };
}

/** What a user has set for his own containers; `installed` is not asked. */
export function collectUserPodman(home: Home): PodmanFacts {
  const reader = new Reader(home, `${home.path}/`);
  reader.containers('.config/containers/containers.conf');
  reader.registries('.config/containers/registries.conf');
  const { settings, insecure, problem } = reader;
  return { installed: true, settings, insecure, problem };
}
