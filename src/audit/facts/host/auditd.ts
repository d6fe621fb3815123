// SPDX-License-Identifier: Apache-2.0
// Which files the audit system watches: auditctl(8), audit.rules(7).
import type { Tree } from './tree.ts';

export interface AuditdFacts {
  /** /etc/audit is there. */
  readonly installed: boolean;
  /** Absolute paths, directories with all below them. */
  readonly watches: readonly string[];
  /** Names of system calls that rules record. */
  readonly syscalls: readonly string[];
  /** No rule can be changed until the next start (`-e 2`). */
  readonly locked: boolean;
  /** Of auditd.conf, in small letters. */
  readonly settings: Readonly<Record<string, string>>;
  /** Why the rules cannot be read; null when they can. */
  readonly problem: string | null;
}

/** Without slashes at the end. No regular expression: on a path of slashes it takes their square. */
function tidy(path: string): string {
  let end = path.length;
  while (end > 1 && path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}

/** Paths that rules watch: `-w PATH`, `-a always,exit -F path=PATH`, `-F dir=PATH`. */
export function parseWatches(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const rule = line.trim();
    const watch = /^-w\s+(\/\S*)/.exec(rule)?.[1];
    if (watch !== undefined) return [tidy(watch)];
    if (!/^-[aA]\s+(?:always,exit|exit,always)\b/.test(rule)) return [];
    return [...rule.matchAll(/\s-F\s*(?:path|dir)=(\/\S*)/g)].map((match) => tidy(match[1] ?? ''));
  });
}

/** Names of system calls: `-a always,exit -F arch=b64 -S mount,umount2 -S finit_module`. */
export function parseSyscalls(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const rule = line.trim();
    if (!/^-[aA]\s+(?:always,exit|exit,always)\b/.test(rule)) return [];
    return [...rule.matchAll(/\s-S\s*([\w,]+)/g)].flatMap(([, names = '']) => names.split(',').filter(Boolean));
  });
}

function settings(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split('\n').flatMap((line) => {
      const [, key, value] = /^[ \t]*([a-z_]+)[ \t]*=[ \t]*(\S+)/i.exec(line) ?? [];
      return key === undefined || value === undefined ? [] : [[key.toLowerCase(), value.toLowerCase()] as const];
    }),
  );
}

export function collectAuditd(tree: Tree): AuditdFacts {
  const installed = tree.stat('/etc/audit');
  if (installed === null)
    return { installed: false, watches: [], syscalls: [], locked: false, settings: {}, problem: null };
  const names = tree.list('/etc/audit/rules.d');
  const files = [
    '/etc/audit/audit.rules',
    ...(names ?? []).filter((name) => name.endsWith('.rules')).map((name) => `/etc/audit/rules.d/${name}`),
  ];
  const watches = new Set<string>();
  const syscalls = new Set<string>();
  let locked = false;
  let problem = installed === undefined || names === undefined ? '/etc/audit cannot be read: audit as root' : null;
  for (const file of files) {
    const read = tree.read(file);
    if (read.status === 'text') {
      for (const path of parseWatches(read.text)) watches.add(path);
      for (const name of parseSyscalls(read.text)) syscalls.add(name);
      locked ||= /^[ \t]*-e[ \t]+2[ \t]*$/m.test(read.text);
    }
    if (read.status === 'unreadable') problem = `${file}: ${read.why}`;
  }
  const own = tree.read('/etc/audit/auditd.conf');
  if (own.status === 'unreadable') problem ??= `/etc/audit/auditd.conf: ${own.why}`;
  return {
    ...{ installed: true, watches: [...watches], syscalls: [...syscalls], locked, problem },
    settings: own.status === 'text' ? settings(own.text) : {},
  };
}
