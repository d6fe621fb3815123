// SPDX-License-Identifier: Apache-2.0
// Databases of package managers as text to packages. The text is the image's: nothing in it is taken for more than text.
import type { Distribution, Inventory, Package } from './types.ts';

type Fields = ReadonlyMap<string, string>;

/** Stanzas of `Field: value` (deb822(5)); of a value of several lines the first is enough here. */
function stanzas(text: string): Fields[] {
  return text
    .split(/\n(?:[ \t]*\n)+/)
    .map(
      (stanza) =>
        new Map(
          stanza.split('\n').flatMap((line): [string, string][] => {
            const colon = line.indexOf(':');
            if (colon < 1 || /^\s/.test(line)) return [];
            return [[line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]];
          }),
        ),
    )
    .filter((fields) => fields.size > 0);
}

function http(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { protocol, href } = new URL(url);
  return protocol === 'http:' || protocol === 'https:' ? href : undefined;
}

function optional<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return (value === undefined || value === '' ? {} : { [key]: value }) as { [P in K]?: string };
}

/** `libc6 (>= 2.36) | libc6.1:any, dpkg` as names: [[libc6, libc6.1], [dpkg]]. */
function relations(text: string | undefined): string[][] {
  return (text ?? '')
    .split(',')
    .map((group) => group.split('|').flatMap((one) => /^\s*([A-Za-z0-9][A-Za-z0-9+.-]*)/.exec(one)?.slice(1, 2) ?? []))
    .filter((group) => group.length > 0);
}

/** States of dpkg(1) in which nothing of a package is there any more. */
const ABSENT = new Set(['not-installed', 'config-files']);

/** Packages of /var/lib/dpkg/status, or of a file of status.d, which has no states. */
export function parseDpkgStatus(text: string): Package[] {
  return stanzas(text).flatMap((fields): Package[] => {
    const name = fields.get('package') ?? '';
    const version = fields.get('version') ?? '';
    const state = fields.get('status')?.split(/\s+/)[2];
    if (name === '' || version === '' || (state !== undefined && ABSENT.has(state))) return [];
    const [, source = name, sourceVersion = version] =
      /^(\S+)(?:\s+\(([^)]+)\))?/.exec(fields.get('source') ?? '') ?? [];
    return [
      {
        type: 'deb',
        name,
        version,
        architecture: fields.get('architecture') ?? '',
        source: { name: source, version: sourceVersion },
        ...optional('maintainer', fields.get('maintainer')),
        ...optional('homepage', http(fields.get('homepage'))),
        depends: [...relations(fields.get('pre-depends')), ...relations(fields.get('depends'))],
        provides: relations(fields.get('provides')).flat(),
      },
    ];
  });
}

/** apk writes `so:libc.musl-x86_64.so.1=1` and `cmd:ls=1`; what starts with `!` is a conflict. */
const apkNames = (text: string | undefined): string[] =>
  (text ?? '')
    .split(/\s+/)
    .filter((word) => word !== '' && !word.startsWith('!'))
    .map((word) => word.replace(/[=<>~].*$/s, ''));

/** Packages of /lib/apk/db/installed: one letter, a colon, the value; the names of files (F, R) are left out. */
export function parseApkInstalled(text: string): Package[] {
  return text.split(/\n{2,}/).flatMap((stanza): Package[] => {
    const fields = new Map<string, string>();
    // Letters differ in case.
    for (const [, key = '', value = ''] of stanza.matchAll(/^([A-Za-z]):(.*)$/gm))
      if (!fields.has(key)) fields.set(key, value.trim());
    const name = fields.get('P') ?? '';
    const version = fields.get('V') ?? '';
    if (name === '' || version === '') return [];
    return [
      {
        type: 'apk',
        name,
        version,
        architecture: fields.get('A') ?? '',
        source: { name: fields.get('o') || name, version },
        ...optional('maintainer', fields.get('m')),
        ...optional('homepage', http(fields.get('U'))),
        ...optional('license', fields.get('L')),
        depends: apkNames(fields.get('D')).map((one) => [one]),
        provides: apkNames(fields.get('p')),
      },
    ];
  });
}

/** os-release(5); undefined without an ID. */
export function parseOsRelease(text: string): Distribution | undefined {
  const fields = new Map<string, string>();
  for (const [, key = '', value = ''] of text.matchAll(/^([A-Z_]+)=(.*)$/gm))
    fields.set(
      key,
      value
        .trim()
        .replace(/^(["'])(.*)\1$/s, '$2')
        .replace(/\\(.)/gs, '$1'),
    );
  const id = fields.get('ID') ?? '';
  if (!/^[a-z0-9._-]+$/.test(id)) return undefined;
  return { id, name: fields.get('PRETTY_NAME') || id, ...optional('versionId', fields.get('VERSION_ID')) };
}

const keyOf = ({ type, name, version, architecture }: Package) => [type, name, version, architecture].join('\0');

/** Put together, each package once and in an order that depends on nothing but the packages. */
export function inventory(
  packages: readonly Package[],
  distribution?: Distribution,
  unread: readonly string[] = [],
): Inventory {
  const unique = [...new Map(packages.map((one) => [keyOf(one), one])).entries()];
  const sorted = unique.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  return {
    packages: sorted,
    ...(distribution === undefined ? {} : { distribution }),
    ...(unread.length === 0 ? {} : { unread }),
  };
}
