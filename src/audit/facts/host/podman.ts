// SPDX-License-Identifier: Apache-2.0
// What containers.conf(5), containers-registries.conf(5) and containerd's hosts.toml say of all containers and registries.
import { getStaticTOMLValue, ParseError, parseTOML } from 'toml-eslint-parser';
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
  readonly #tree: Tree;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  #value(file: string): Json {
    const read = this.#tree.read(file);
    if (read.status === 'unreadable') this.problem ??= `${file}: ${read.why}`;
    if (read.status !== 'text') return {};
    try {
      return object(getStaticTOMLValue(parseTOML(read.text, { tomlVersion: '1.0' })));
    } catch (error) {
      // What nests deeper than the stack of the parser is no configuration.
      if (!(error instanceof ParseError) && !(error instanceof RangeError)) throw error;
      this.problem ??= `${file}: this is not TOML`;
      return {};
    }
  }

  /** A file, and those of the directory beside it. */
  #files(file: string): string[] {
    const directory = `${file}.d`;
    const names = this.#tree.list(directory);
    if (names === undefined) this.problem ??= `${directory} cannot be read`;
    const more = (names ?? []).filter((name) => name.endsWith('.conf')).slice(0, NAMES);
    return [file, ...more.map((name) => `${directory}/${name}`)];
  }

  containers(): void {
    for (const file of ['/usr/share/containers/containers.conf', ...this.#files('/etc/containers/containers.conf')])
      for (const [section, values] of Object.entries(this.#value(file)))
        for (const [key, value] of Object.entries(object(values))) this.settings[`${section}.${key}`] = { value, file };
  }

  registries(): void {
    for (const file of this.#files('/etc/containers/registries.conf')) {
      const value = this.#value(file);
      const add = (registry: unknown): void => {
        if (text(registry) !== '') this.insecure.push({ registry: text(registry), file });
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
  reader.containers();
  reader.registries();
  reader.containerd();
  const { settings, insecure, problem } = reader;
  return { installed: PROGRAMS.some((path) => tree.stat(path) != null), settings, insecure, problem };
}
