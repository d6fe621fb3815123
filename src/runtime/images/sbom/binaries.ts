// SPDX-License-Identifier: Apache-2.0
// Modules that compilers write into programs: of Go (debug/buildinfo), and of Rust where cargo-auditable built it.
import { inflateSync } from 'node:zlib';
import { elfSections } from './elf.ts';

export interface Module {
  readonly type: 'golang' | 'cargo';
  readonly name: string;
  readonly version: string;
}

const SECTION_LIMIT = 8 << 20;
const MODULES = 10_000;
const GO = '.go.buildinfo';
const RUST = '.dep-v0';
const MAGIC = '\xff Go buildinf:';
/** Between them the list of modules stands, so that it is found in a running program. */
const SENTINEL = 16;

/** A length as an unsigned varint, and as many bytes; undefined: it ends before. */
function prefixed(data: Buffer, at: number): { text: string; next: number } | undefined {
  let [length, shift, i] = [0, 0, at];
  for (; ; i += 1, shift += 7) {
    const byte = data[i];
    if (byte === undefined || shift > 28) return undefined;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  const next = i + 1 + length;
  return next > data.length ? undefined : { text: data.toString('latin1', i + 1, next), next };
}

/** Go 1.18 and later: the texts stand in the section itself. */
export function goModules(data: Buffer): Module[] {
  if (data.toString('latin1', 0, MAGIC.length) !== MAGIC || ((data[15] ?? 0) & 2) === 0) return [];
  const version = prefixed(data, 32);
  const modules = version === undefined ? undefined : prefixed(data, version.next);
  const [, number] = /^go(\d+(?:\.\d+)*(?:(?:rc|beta)\d+)?)/.exec(version?.text ?? '') ?? [];
  const found: Module[] = [];
  if (number !== undefined)
    found.push({ type: 'golang', name: 'stdlib', version: number.replace(/(\d)(rc|beta)/, '$1-$2') });
  const text = modules?.text.slice(SENTINEL, -SENTINEL) ?? '';
  for (const line of Buffer.from(text, 'latin1').toString('utf8').split('\n')) {
    const [kind, name = '', at = ''] = line.split('\t');
    const used = found.at(-1);
    // A line `=>` says what the module above it was replaced with.
    if (kind === '=>' && used !== undefined && used.name !== 'stdlib') found.pop();
    const counts = kind === 'mod' || kind === 'dep' || kind === '=>';
    if (counts && name !== '' && /^v\d/.test(at)) found.push({ type: 'golang', name, version: at });
    if (found.length >= MODULES) break;
  }
  return found;
}

/** What cargo-auditable writes: JSON, compressed. */
export function rustModules(data: Buffer): Module[] {
  let value: unknown;
  try {
    value = JSON.parse(inflateSync(data, { maxOutputLength: SECTION_LIMIT }).toString('utf8'));
  } catch {
    return [];
  }
  const packages = (value as { packages?: unknown } | null)?.packages;
  return (Array.isArray(packages) ? packages : []).slice(0, MODULES).flatMap((one: unknown): Module[] => {
    const { name, version, kind } = (one ?? {}) as { name?: unknown; version?: unknown; kind?: unknown };
    // What only builds is not in the program.
    if (typeof name !== 'string' || typeof version !== 'string' || kind === 'build') return [];
    return [{ type: 'cargo', name, version }];
  });
}

export function modulesOf(fd: number): Module[] {
  const found = elfSections(fd, [GO, RUST], SECTION_LIMIT);
  const [go, rust] = [found.get(GO), found.get(RUST)];
  return [...(go === undefined ? [] : goModules(go)), ...(rust === undefined ? [] : rustModules(rust))];
}
