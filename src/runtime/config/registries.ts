// SPDX-License-Identifier: Apache-2.0
// The `registries` of a configuration file: where each is reached, and whose certificates count.
import { dirname, resolve } from 'node:path';
import { type ErrorPosition, SecureError } from '../../errors.ts';
import { parseReference } from '../images/reference.ts';
import type { Reader } from './file.ts';

/** A registry that has what another one has, below a prefix where it is one of several there. */
export interface Mirror {
  readonly registry: string;
  /** Empty, or a path without a slash at its ends. */
  readonly prefix: string;
}

/** A file that a setting names, and where that was said. */
export interface Named {
  readonly path: string;
  readonly position: ErrorPosition;
}

export interface RegistrySettings {
  readonly mirrors: readonly Mirror[];
  /** Mirrors are asked what a tag means, too. */
  readonly mirrorTags: boolean;
  /** Certificates are not checked, and plain http is spoken where it does not speak TLS. */
  readonly insecure: boolean;
  /** PEM: authorities that count beside those of the system, and who we are. */
  readonly ca?: Named;
  readonly cert?: Named;
  readonly key?: Named;
}

/** By registry. */
export type Registries = ReadonlyMap<string, RegistrySettings>;

const KEYS = ['mirrors', 'mirror-tags', 'insecure', 'ca', 'cert', 'key'];
const MIRROR_LIMIT = 10;
const REGISTRY = 'a registry is HOST[:PORT]: docker.io, registry.example, localhost:5000';

type Value = Parameters<Reader['text']>[0];

/** `registry.example:5000`, undefined for what is none. */
function registryOf(text: string): string | undefined {
  try {
    const { registry } = parseReference(`${text}/x`);
    return registry === text && registry !== 'localhost' ? registry : undefined;
  } catch {
    return undefined;
  }
}

function mirrorOf(text: string): Mirror | undefined {
  const slash = text.indexOf('/');
  const [name, prefix] = slash < 0 ? [text, ''] : [text.slice(0, slash), text.slice(slash + 1)];
  const registry = registryOf(name);
  if (registry === undefined || (slash >= 0 && prefix === '')) return undefined;
  if (prefix === '') return { registry, prefix };
  try {
    // Below docker.io a single word is one of library/, elsewhere it is itself.
    const parsed = parseReference(`registry.example/${prefix}/x`);
    return parsed.repository === `${prefix}/x` ? { registry, prefix } : undefined;
  } catch {
    return undefined;
  }
}

class Entry {
  readonly #reader: Reader;
  readonly #name: string;
  constructor(reader: Reader, name: string) {
    this.#reader = reader;
    this.#name = name;
  }

  boolean(value: Value, at: number, key: string): boolean {
    const { isScalar } = this.#reader.yaml;
    if (isScalar(value) && typeof value.value === 'boolean') return value.value;
    throw this.#reader.fail(at, `${this.#name}: ${key} is true or false`);
  }

  file(value: Value, at: number, key: string): Named {
    const path = this.#reader.text(value, at, `${this.#name}: ${key} is the path of a PEM file`);
    return { path: resolve(dirname(this.#reader.path), path), position: this.#reader.place(at) };
  }

  mirrors(value: Value, at: number): Mirror[] {
    const { isSeq, isNode } = this.#reader.yaml;
    if (!isSeq(value))
      throw this.#reader.fail(at, `${this.#name}: mirrors is a list`, 'mirrors: [mirror.example:5000]');
    if (value.items.length > MIRROR_LIMIT)
      throw this.#reader.fail(at, `${this.#name}: more than ${MIRROR_LIMIT} mirrors`);
    return value.items.map((item) => {
      const place = isNode(item) ? (item.range?.[0] ?? at) : at;
      const text = this.#reader.text(item as Value, place, `${this.#name}: a mirror is text`);
      const mirror = mirrorOf(text);
      if (mirror !== undefined) return mirror;
      throw this.#reader.fail(
        place,
        `${this.#name}: ${JSON.stringify(text.slice(0, 200))} is no mirror`,
        'a mirror is HOST[:PORT][/PREFIX]',
      );
    });
  }
}

/** @throws SecureError CONFIG_INVALID with the place */
export function readRegistries(reader: Reader, map: Value, at: number): Registries {
  const { isMap, isScalar } = reader.yaml;
  if (!isMap(map))
    throw reader.fail(at, 'registries is a mapping', 'registries: { registry.example: { insecure: true } }');
  const found = new Map<string, RegistrySettings>();
  for (const { key, value } of map.items) {
    const place = isScalar(key) ? (key.range?.[0] ?? at) : at;
    const name = isScalar(key) && typeof key.value === 'string' ? registryOf(key.value) : undefined;
    if (name === undefined) throw reader.fail(place, 'the name of a registry is expected', REGISTRY);
    found.set(name, settings(reader, name, value, place));
  }
  return found;
}

function settings(reader: Reader, name: string, map: Value, at: number): RegistrySettings {
  let result: RegistrySettings = { mirrors: [], mirrorTags: false, insecure: false };
  const entry = new Entry(reader, name);
  const places = new Map<string, number>();
  for (const { key, value, at: place } of reader.items(map, KEYS, name, at)) {
    places.set(key, place);
    if (key === 'mirrors') result = { ...result, mirrors: entry.mirrors(value, place) };
    else if (key === 'mirror-tags') result = { ...result, mirrorTags: entry.boolean(value, place, key) };
    else if (key === 'insecure') result = { ...result, insecure: entry.boolean(value, place, key) };
    else result = { ...result, [key]: entry.file(value, place, key) };
  }
  for (const [one, other] of [
    ['cert', 'key'],
    ['key', 'cert'],
  ] as const) {
    if (result[one] === undefined || result[other] !== undefined) continue;
    throw reader.fail(
      places.get(one) ?? at,
      `${name}: ${one} without ${other}`,
      'a client certificate is two files: cert and key',
    );
  }
  if (result.insecure && result.ca !== undefined) {
    throw reader.fail(
      places.get('insecure') ?? at,
      `${name}: insecure beside ca: no certificate is checked then`,
      'take one of them out',
    );
  }
  return result;
}

/** The error for a file that a setting names. */
export const unusable = ({ path, position }: Named, problem: string, cause?: unknown): SecureError =>
  new SecureError('CONFIG_INVALID', `${path} ${problem}`, { position, cause });
