// SPDX-License-Identifier: Apache-2.0
// What both kinds of document say about packages.
import { createHash } from 'node:crypto';
import type { Distribution, Inventory, Package, Subject } from './types.ts';

export interface Component extends Package {
  readonly purl: string;
  /** Package URLs of the packages here that it depends on, in order. */
  readonly dependsOn: readonly string[];
}

/** purl-spec: the colon stays, everything else but letters, digits and `.-_~` is encoded. */
const encode = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%3A', ':');

/** Of packages of a system: the distribution where none is named. */
const NAMESPACE = { deb: 'debian', apk: 'alpine', rpm: 'redhat' } as const;

/** Is it a package of the system, which a distribution keeps, and not of a language? */
export const isSystem = (type: string): type is keyof typeof NAMESPACE => Object.hasOwn(NAMESPACE, type);

/** Package URL (purl-spec). Without a distribution it is named after the one that the type comes from. */
export function purlOf(one: Package, distribution: Distribution | undefined): string {
  // Of the others the name has the namespace in it: @scope/name, github.com/owner/name.
  if (!isSystem(one.type)) return `pkg:${one.type}/${one.name.split('/').map(encode).join('/')}@${encode(one.version)}`;
  const namespace = distribution?.id ?? NAMESPACE[one.type];
  const distro = distribution?.versionId === undefined ? undefined : `${namespace}-${distribution.versionId}`;
  const upstream = one.source.name === one.name ? undefined : one.source.name;
  // Of an rpm the epoch is no part of the version.
  const [, epoch, version = one.version] = (one.type === 'rpm' && /^(?:(\d+):)?(.+)$/s.exec(one.version)) || [];
  const qualifiers = Object.entries({ arch: one.architecture || undefined, distro, epoch, upstream })
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${encode(value)}`]))
    .join('&');
  const name = encode(one.name.toLowerCase());
  return `pkg:${one.type}/${encode(namespace)}/${name}@${encode(version)}${qualifiers === '' ? '' : `?${qualifiers}`}`;
}

/** Packages with their package URLs and what they depend on; of alternatives, the first that is there. */
export function componentsOf({ packages, distribution }: Inventory): Component[] {
  // Names that differ in nothing but case have one package URL, and a document may have each once.
  const named = [...new Map(packages.map((one) => [purlOf(one, distribution), one])).entries()].map(([purl, one]) => ({
    ...one,
    purl,
  }));
  const provider = new Map<string, string>();
  const offer = (name: string, purl: string) => {
    if (!provider.has(name)) provider.set(name, purl);
  };
  for (const { name, purl } of named) offer(name, purl);
  for (const { provides, purl } of named) for (const name of provides) offer(name, purl);
  return named.map((one) => {
    const found = one.depends.flatMap(
      (names) => names.map((name) => provider.get(name)).find((purl) => purl !== undefined) ?? [],
    );
    return { ...one, dependsOn: [...new Set(found)].filter((purl) => purl !== one.purl).sort() };
  });
}

/** A UUID (RFC 9562, version 8) that is the same for the same content. */
export function uuidOf(...content: readonly string[]): string {
  const hex = createHash('sha256').update(content.join('\0')).digest('hex');
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** RFC 3339 to whole seconds, as SPDX wants it. */
export const seconds = ({ created }: Subject): string => new Date(created).toISOString().replace(/\.\d+Z$/, 'Z');
