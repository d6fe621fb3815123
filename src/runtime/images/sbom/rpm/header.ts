// SPDX-License-Identifier: Apache-2.0
// A header of RPM (rpm.org, "RPM V4 Package format", "Header Structure") as databases have it: without the magic, counts and offsets that
// the image chose. What does not fit ends in Damaged.
import type { Package } from '../types.ts';

export class Damaged extends Error {}

const TAGS = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  vendor: 1011,
  license: 1014,
  url: 1020,
  arch: 1022,
  source: 1044,
  provides: 1047,
  requires: 1049,
  directoryIndexes: 1116,
  baseNames: 1117,
  directories: 1118,
} as const;
const [INT32, STRING, STRING_ARRAY, I18N] = [4, 6, 8, 9];
/** RPM's own limits (lib/header.c) are higher; no package comes near. */
const ENTRIES = 65_536;
const VALUES = 1 << 20;

type Values = ReadonlyMap<number, readonly (string | number)[]>;

function texts(data: Buffer, at: number, count: number): string[] {
  const found: string[] = [];
  for (let start = at; found.length < count; ) {
    const end = data.indexOf(0, start);
    if (end < 0) throw new Damaged('a text has no end');
    found.push(data.toString('utf8', start, end));
    start = end + 1;
  }
  return found;
}

function values(blob: Buffer): Values {
  if (blob.length < 8) throw new Damaged('a header is too short');
  const [entries, length] = [blob.readUInt32BE(0), blob.readUInt32BE(4)];
  if (entries > ENTRIES || 8 + entries * 16 + length > blob.length)
    throw new Damaged('a header is longer than its data');
  const data = blob.subarray(8 + entries * 16, 8 + entries * 16 + length);
  const wanted = new Set<number>(Object.values(TAGS));
  const found = new Map<number, readonly (string | number)[]>();
  for (let i = 0; i < entries; i += 1) {
    const [tag, type, at, count] = [0, 4, 8, 12].map((offset) => blob.readUInt32BE(8 + i * 16 + offset)) as [
      number,
      number,
      number,
      number,
    ];
    if (!wanted.has(tag)) continue;
    if (at > data.length || count > VALUES) throw new Damaged('an entry of a header leads out of it');
    if (type === STRING) found.set(tag, texts(data, at, 1));
    else if (type === STRING_ARRAY || type === I18N) found.set(tag, texts(data, at, count));
    else if (type === INT32) {
      if (at + count * 4 > data.length) throw new Damaged('numbers of a header lead out of it');
      found.set(
        tag,
        Array.from({ length: count }, (_, k) => data.readUInt32BE(at + k * 4)),
      );
    }
  }
  return found;
}

export interface RpmPackage {
  readonly package: Package;
  /** Paths of its files, without a leading slash. */
  readonly files: readonly string[];
}

/** Undefined: a key that signatures are verified with, which databases keep as a package. @throws Damaged */
export function parseHeader(blob: Buffer): RpmPackage | undefined {
  const all = values(blob);
  const text = (tag: number): string => {
    const value = all.get(tag)?.[0];
    return typeof value === 'string' ? value : '';
  };
  const list = (tag: number): string[] => (all.get(tag) ?? []).filter((one) => typeof one === 'string');
  const [name, version, release] = [text(TAGS.name), text(TAGS.version), text(TAGS.release)];
  if (name === '' || version === '') throw new Damaged('a header has no name or version');
  if (name === 'gpg-pubkey') return undefined;
  const epoch = all.get(TAGS.epoch)?.[0];
  const prefix = typeof epoch === 'number' && epoch !== 0 ? `${epoch}:` : '';
  const whole = `${prefix}${version}${release === '' ? '' : `-${release}`}`;
  // `bash-5.2.26-3.fc40.src.rpm`: neither version nor release has a dash. Its epoch is not told; it is that of the package.
  const [, source = name, its] = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(text(TAGS.source)) ?? [];
  const optional = (key: 'maintainer' | 'homepage' | 'license', value: string) =>
    value === '' ? {} : { [key]: value };
  const url = text(TAGS.url);
  const directories = list(TAGS.directories);
  const indexes = all.get(TAGS.directoryIndexes) ?? [];
  return {
    package: {
      type: 'rpm',
      name,
      version: whole,
      architecture: text(TAGS.arch),
      source: { name: source, version: its === undefined ? whole : `${prefix}${its}` },
      ...optional('maintainer', text(TAGS.vendor)),
      ...optional('homepage', /^https?:\/\//.test(url) && URL.canParse(url) ? url : ''),
      ...optional('license', text(TAGS.license)),
      // `rpmlib(…)` is about the package manager, a path about files.
      depends: list(TAGS.requires)
        .filter((one) => !/^(?:rpmlib\(|\/)/.test(one))
        .map((one) => [one]),
      provides: list(TAGS.provides),
    },
    files: list(TAGS.baseNames).map((base, i) => `${directories[Number(indexes[i])] ?? '/'}${base}`.replace(/^\//, '')),
  };
}
