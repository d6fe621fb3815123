// SPDX-License-Identifier: Apache-2.0
// Packages that no package manager of the system has put there: of npm and PyPI by their own files, of Go and Rust in programs.
import { closeSync, constants } from 'node:fs';
import { openBeneath, readBeneath } from '../../../native.ts';
import type { Entry } from '../walk.ts';
import { modulesOf } from './binaries.ts';
import type { Package } from './types.ts';

/** What one file has. */
export interface Found {
  /** Relative; may be any bytes. */
  readonly path: Buffer;
  readonly packages: readonly Package[];
}

const TYPES = ['npm', 'pypi', 'golang', 'cargo'] as const satisfies readonly Package['type'][];
export type Language = (typeof TYPES)[number];
export const isLanguage = (value: unknown): value is Language => TYPES.some((type) => type === value);

const FILE_LIMIT = 1 << 20;
/** Files with packages; the largest public images have a tenth. */
const MOST = 100_000;
const NPM = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/@][^/]*)\/package\.json$/;
const PYTHON = /(?:^|\/)[^/]+\.(?:dist-info\/METADATA|egg-info\/PKG-INFO|egg-info)$/;
/** An ELF file with a section of modules is larger. */
const PROGRAM = 4096;

/** A package of a language, which is its own source and is for every architecture. */
export function languagePackage(type: Language, name: string, version: string, license?: unknown): Package {
  const made = { type, name, version, architecture: '', source: { name, version }, depends: [], provides: [] };
  return typeof license === 'string' && license !== '' ? { ...made, license } : made;
}

/** PEP 503: names that differ in these are one. */
const pythonName = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, '-');

function npm(text: string): Package[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  const { name, version, license } = (value ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || typeof version !== 'string' || name === '' || version === '') return [];
  return [languagePackage('npm', name, version, license)];
}

/** Core metadata: fields up to the first empty line. */
function python(text: string): Package[] {
  const head = text.split(/\r?\n\r?\n/, 1)[0] ?? '';
  const field = (key: string): string => new RegExp(`^${key}:(.*)$`, 'mi').exec(head)?.[1]?.trim() ?? '';
  const [name, version] = [field('Name'), field('Version')];
  return name === '' || version === ''
    ? []
    : [languagePackage('pypi', pythonName(name), version, field('License-Expression'))];
}

export class LanguagePackages {
  readonly #found: Found[];

  constructor(found: readonly Found[] = []) {
    this.#found = [...found];
  }

  /** Files that have packages. */
  get found(): readonly Found[] {
    return this.#found;
  }

  /** Look at a file that a container sees. */
  visit({ hidden, stat, path: bytes, root, name }: Entry): void {
    if (hidden || !stat.isFile() || this.#found.length >= MOST) return;
    const isText = name === 'package.json' || name === 'METADATA' || name === 'PKG-INFO' || name.endsWith('.egg-info');
    if (!isText && ((stat.mode & 0o111) === 0 || stat.size < PROGRAM)) return;
    const packages = isText ? this.#text(bytes, root, stat.size) : this.#program(bytes, root);
    if (packages.length > 0) this.#found.push({ path: bytes, packages });
  }

  #text(bytes: Buffer, root: number, size: number): Package[] {
    const path = bytes.toString('utf8');
    const parse = NPM.test(path) ? npm : PYTHON.test(path) ? python : undefined;
    if (parse === undefined || size > FILE_LIMIT) return [];
    const data = readBeneath(root, bytes, FILE_LIMIT, { noSymlinks: true });
    return data === null ? [] : parse(data.toString('utf8'));
  }

  #program(bytes: Buffer, root: number): Package[] {
    const fd = openBeneath(root, bytes, constants.O_RDONLY | constants.O_NONBLOCK, { noSymlinks: true });
    try {
      return modulesOf(fd).map(({ type, name, version }) => languagePackage(type, name, version));
    } finally {
      closeSync(fd);
    }
  }

  /** Is there anything to ask about who owns it? */
  get empty(): boolean {
    return this.#found.length === 0;
  }

  /** @param owned whether a file is one of a package of the system, which has versions and corrections of its own */
  packages(owned: (path: string) => boolean): Package[] {
    return this.#found.filter(({ path }) => !owned(path.toString('utf8'))).flatMap(({ packages }) => packages);
  }
}
