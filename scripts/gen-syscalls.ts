#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Derives the syscall tables from a Linux source tree and writes
//   native/core/syscalls_table.h          numbers and argument widths, four architectures
//   src/profiles/seccomp/syscalls.ts      names and 32-bit arguments, for the linter
//
// Usage: scripts/gen-syscalls.ts LINUX_TREE [--check]     (Debian: apt-get download linux-source-6.12)
//
// Numbers come from the kernel's *.tbl files, widths from the parameter types of SYSCALL_DEFINEn:
// the entry stub casts every register to the declared type, so a type narrower than a register is
// exactly what the kernel ignores the rest of. An unknown type stops the generator.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ARCHITECTURES = ['x86_64', 'i386', 'aarch64', 'arm'] as const;
type Architecture = (typeof ARCHITECTURES)[number];

const TABLES: Record<Architecture, { file: string; abis: string[]; sources: string }> = {
  x86_64: { file: 'arch/x86/entry/syscalls/syscall_64.tbl', abis: ['common', '64'], sources: 'arch/x86' },
  i386: { file: 'arch/x86/entry/syscalls/syscall_32.tbl', abis: ['i386'], sources: 'arch/x86' },
  aarch64: {
    file: 'scripts/syscall.tbl',
    abis: ['common', '64', 'renameat', 'rlimit', 'memfd_secret'],
    sources: 'arch/arm64',
  },
  arm: { file: 'arch/arm/tools/syscall.tbl', abis: ['common', 'eabi'], sources: 'arch/arm' },
};

/** Calls added after the oldest supported tree (6.12), with their numbers (the same on all four) and parameters. */
const LATER: [name: string, number: number, parameters: string][] = [
  ['setxattrat', 463, 'int, char *, unsigned int, char *, struct xattr_args *, size_t'],
  ['getxattrat', 464, 'int, char *, unsigned int, char *, struct xattr_args *, size_t'],
  ['listxattrat', 465, 'int, char *, unsigned int, char *, size_t'],
  ['removexattrat', 466, 'int, char *, unsigned int, char *'],
  ['open_tree_attr', 467, 'int, char *, unsigned int, struct mount_attr *, size_t'],
  ['file_getattr', 468, 'int, char *, struct file_attr *, size_t, unsigned int'],
  ['file_setattr', 469, 'int, char *, struct file_attr *, size_t, unsigned int'],
  ['listns', 470, 'struct ns_id_req *, u64 *, size_t, unsigned int'],
  ['rseq_slice_yield', 471, ''],
];
const LATER_X86_64: typeof LATER = [['uprobe', 336, '']];

/** ARM's private calls live outside its table (arch/arm/include/uapi/asm/unistd.h). */
const ARM_PRIVATE = ['breakpoint', 'cacheflush', 'usr26', 'usr32', 'set_tls', 'get_tls'];

/** Declared `unsigned long`, but the body uses the low 32 bits only (kernel/fork.c, mm/mempolicy.c). */
const TRUNCATED_INSIDE: Record<string, number[]> = { clone: [0], mbind: [2] };

const WIDE = /^(unsigned long|long|size_t|ssize_t|off_t|loff_t|u64|__u64|aio_context_t|cap_user_(header|data)_t)$/;
const WORD =
  /^(unsigned|int|unsigned int|[us]32|__[us]32|pid_t|[ug]id_t|key_t|key_serial_t|qid_t|rwf_t|timer_t|clockid_t|mqd_t|compat_\w+|enum \w+)$/;
const HALF = /^(umode_t|old_[ug]id_t|compat_mode_t|compat_ushort_t)$/;

/** Bits that the kernel looks at: 64, 32 or 16. */
function width(type: string, wide: boolean, where: string): number {
  const clean = type
    .replace(/\b(const|volatile|__user|struct)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (HALF.test(clean)) return 16;
  if (!wide) return 32;
  if (type.includes('*') || clean === '__sighandler_t' || WIDE.test(clean)) return 64;
  if (WORD.test(clean)) return 32;
  throw new Error(`${where}: unknown parameter type '${type}'`);
}

function* sources(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (entry.name.endsWith('.c')) yield path;
  }
}

/** entry point without `sys_` -> parameter types of every definition visible to that architecture. */
function definitions(tree: string, own: string): Map<string, string[][]> {
  const found = new Map<string, string[][]>();
  for (const top of ['fs', 'kernel', 'mm', 'net', 'ipc', 'security', 'io_uring', 'block', 'drivers/char', own]) {
    for (const file of sources(join(tree, top))) {
      const text = readFileSync(file, 'latin1');
      for (const match of text.matchAll(/\b(COMPAT_)?SYSCALL_DEFINE[0-6]\(([^)]*)\)/g)) {
        const [name = '', ...rest] = (match[2] ?? '').split(',').map((part) => part.trim());
        const types = rest.filter((_, index) => index % 2 === 0);
        const key = match[1] ? `compat_sys_${name}` : `sys_${name}`;
        found.set(key, [...(found.get(key) ?? []), types]);
      }
    }
  }
  return found;
}

interface Row {
  number: number;
  widths: number[];
}

function read(tree: string, architecture: Architecture): Map<string, Row> {
  const { file, abis, sources: own } = TABLES[architecture];
  const wide = architecture === 'x86_64' || architecture === 'aarch64';
  const known = definitions(tree, own);
  const rows = new Map<string, Row>();
  for (const line of readFileSync(join(tree, file), 'latin1').split('\n')) {
    const [number, abi, name, entry = 'sys_ni_syscall', compat] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (number === undefined || name === undefined || abi === undefined || !abis.includes(abi)) continue;
    const candidates = (wide ? undefined : known.get(compat ?? '')) ?? known.get(entry) ?? [];
    const shapes = candidates.map((types) => types.map((type) => width(type, wide, name)));
    const shape = shapes[0] ?? [];
    if (wide && name !== 'clone' && shapes.some((other) => other.join() !== shape.join()))
      throw new Error(`${architecture} ${name}: definitions differ, ${JSON.stringify(shapes)}`);
    rows.set(name, { number: Number(number), widths: [...shape] });
  }
  const later = architecture === 'x86_64' ? [...LATER, ...LATER_X86_64] : LATER;
  for (const [name, number, parameters] of later) {
    const present = rows.get(name);
    if (present !== undefined && present.number !== number) throw new Error(`${name}: ${present.number} in the tree`);
    const types = parameters === '' ? [] : parameters.split(',').map((type) => type.trim());
    rows.set(name, { number, widths: types.map((type) => width(type, wide, name)) });
  }
  if (architecture === 'arm')
    for (const [index, name] of ARM_PRIVATE.entries()) rows.set(name, { number: 0x0f0001 + index, widths: [] });
  for (const [name, indexes] of Object.entries(TRUNCATED_INSIDE))
    for (const index of indexes) {
      const widths = rows.get(name)?.widths;
      if (wide && widths !== undefined) widths[index] = 32;
    }
  return rows;
}

/** Two bits an argument: 0 the whole register, 1 its low 32 bits, 2 its low 16 bits. */
function code(widths: number[], wide: boolean): number {
  let bits = 0;
  for (let index = 0; index < 6; index++) {
    const size = widths[index] ?? (wide ? 64 : 32);
    bits |= (size === 64 ? 0 : size === 32 ? 1 : 2) << (2 * index);
  }
  return bits;
}

function columns(items: string[], indent: string, limit: number): string {
  const lines: string[] = [];
  let line = '';
  for (const item of items) {
    if (line !== '' && `${indent}${line} ${item}`.length > limit) {
      lines.push(indent + line);
      line = '';
    }
    line = line === '' ? item : `${line} ${item}`;
  }
  return [...lines, indent + line].join('\n');
}

function main(tree: string, check: boolean): number {
  const tables = ARCHITECTURES.map((architecture) => read(tree, architecture));
  // aarch64 learned map_shadow_stack after 6.12: same parameters as on x86_64.
  for (const [name, row] of tables[2] ?? [])
    if (row.widths.length === 0) row.widths = [...(tables[0]?.get(name)?.widths ?? [])];
  const names = [...new Set(tables.flatMap((table) => [...table.keys()]))].sort();
  const longest = Math.max(...names.map((name) => name.length));
  const entries = names.map((name) => {
    const rows = tables.map((table) => table.get(name));
    const numbers = rows.map((row) => row?.number ?? -1).join(',');
    const widths = rows.map((row, index) => (row ? code(row.widths, index % 2 === 0) : 0));
    return `{"${name}",{${numbers}},{${widths.map((bits) => (bits === 0x555 ? 'W' : bits.toString())).join(',')}}},`;
  });
  const header = `// SPDX-License-Identifier: Apache-2.0
// Generated by scripts/gen-syscalls.ts from the Linux source; do not edit.
#pragma once

#include "syscalls.h"

namespace secure::syscalls {

inline constexpr std::uint16_t W = 0x555;  // every argument is 32 bits

// Sorted by name. Numbers: x86_64, i386, aarch64, arm. Widths: see Row.
inline constexpr Row<${longest + 1}> kRows[] = {
${columns(entries, '  ', 120)}
};

}  // namespace secure::syscalls
`;
  const narrow = names.map((name) => {
    const [x86, , arm] = tables.map((table) => table.get(name));
    const row = x86 ?? arm;
    const mask = (row?.widths ?? []).reduce((sum, size, index) => (size < 64 ? sum | (1 << index) : sum), 0);
    return `${name}=${mask}`;
  });
  const module = `// SPDX-License-Identifier: Apache-2.0
// Generated by scripts/gen-syscalls.ts from the Linux source; do not edit.

/** Every syscall name of x86_64, i386, aarch64 and arm with a mask of the arguments that the 64-bit kernels truncate. */
const TABLE = \`
${columns(narrow, '', 118)}
\`;

const NARROW: ReadonlyMap<string, number> = new Map(
  TABLE.trim()
    .split(/\\s+/)
    .map((entry) => {
      const [name = '', mask = '0'] = entry.split('=');
      return [name, Number(mask)] as const;
    }),
);

/** True when any of the supported architectures has the call. */
export const isSyscall = (name: string): boolean => NARROW.has(name);

/** True when a 64-bit kernel looks at the low 32 (or 16) bits of this argument only. */
export const isNarrow = (name: string, index: number): boolean => (((NARROW.get(name) ?? 0) >> index) & 1) === 1;

/** Every known name, sorted. */
export const syscallNames = (): readonly string[] => [...NARROW.keys()];
`;
  const root = join(import.meta.dirname, '..');
  let stale = 0;
  for (const [path, text] of [
    ['native/core/syscalls_table.h', header],
    ['src/profiles/seccomp/syscalls.ts', module],
  ] as const) {
    if (check && readFileSync(join(root, path), 'utf8') !== text) {
      process.stderr.write(`${path} is stale: run scripts/gen-syscalls.ts LINUX_TREE\n`);
      stale++;
    }
    if (!check) writeFileSync(join(root, path), text);
  }
  return stale === 0 ? 0 : 1;
}

const [tree, flag] = process.argv.slice(2);
if (tree === undefined || (flag !== undefined && flag !== '--check')) {
  process.stderr.write('usage: scripts/gen-syscalls.ts LINUX_TREE [--check]\n');
  process.exitCode = 2;
} else {
  process.exitCode = main(tree, flag === '--check');
}
