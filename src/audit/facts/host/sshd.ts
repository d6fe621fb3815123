// SPDX-License-Identifier: Apache-2.0
// What sshd_config(5) says. Of a keyword the first value counts; what stands behind a Match holds for some connections.
import { words } from './docker.ts';
import type { Tree } from './tree.ts';

export interface SshdSetting {
  /** In small letters. */
  readonly value: string;
  /** Behind a Match other than `all`. */
  readonly conditional: boolean;
  /** Absolute. */
  readonly file: string;
}
export interface SshdFacts {
  /** By keyword in small letters, in order; the first that is not conditional holds for everybody. */
  readonly settings: Readonly<Record<string, readonly SshdSetting[]>>;
  /** Why a file cannot be read; null: all can. */
  readonly problem: string | null;
}

const CONFIG = '/etc/ssh/sshd_config';
/** As OpenSSH itself (servconf.c, SERVCONF_MAX_DEPTH). */
const DEPTH = 16;
/** Files together: includes may name each other. */
const FILES = 200;

/** A pattern of names in one directory, as glob(7) has it; linear, since all but one part is literal text. */
function matching(tree: Tree, pattern: string): string[] | undefined {
  const path = pattern.startsWith('/') ? pattern : `/etc/ssh/${pattern}`;
  const at = path.lastIndexOf('/');
  const [directory, name] = [path.slice(0, at), path.slice(at + 1)];
  if (/[*?[]/.test(directory)) return undefined;
  if (!/[*?[]/.test(name)) return [path];
  if (!/^[^*?[]*\*[^*?[]*$/.test(name)) return undefined;
  const [before = '', after = ''] = name.split('*');
  return tree
    .list(directory)
    ?.filter(
      (one) => !one.startsWith('.') && one.length >= name.length - 1 && one.startsWith(before) && one.endsWith(after),
    )
    .map((one) => `${directory}/${one}`);
}

class Reader {
  readonly settings = new Map<string, SshdSetting[]>();
  problem: string | null = null;
  readonly #tree: Tree;
  #files = 0;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  read(file: string, conditional: boolean, depth: number): void {
    this.#files += 1;
    if (depth > DEPTH || this.#files > FILES) {
      this.problem ??= `${file}: too many files are included`;
      return;
    }
    const read = this.#tree.read(file);
    if (read.status === 'unreadable') this.problem ??= `${file}: ${read.why}`;
    if (read.status !== 'text') return;
    let some = conditional;
    for (const line of read.text.split('\n')) {
      const [, key = '', rest = ''] = /^[ \t]*([A-Za-z][A-Za-z0-9]*)(?:[ \t]*=[ \t]*|[ \t]+)(.*)$/.exec(line) ?? [];
      const keyword = key.toLowerCase();
      const all = words(rest);
      const comment = all.findIndex((word) => word.startsWith('#'));
      const values = comment < 0 ? all : all.slice(0, comment);
      if (keyword === 'match') some = conditional || values.join(' ').toLowerCase() !== 'all';
      else if (keyword === 'include') for (const pattern of values) this.#include(pattern, some, depth);
      else if (keyword !== '') {
        const list = this.settings.get(keyword) ?? [];
        list.push({ value: values.join(' ').toLowerCase(), conditional: some, file });
        this.settings.set(keyword, list);
      }
    }
  }

  #include(pattern: string, conditional: boolean, depth: number): void {
    const files = matching(this.#tree, pattern);
    if (files === undefined) this.problem ??= `${CONFIG}: what it includes by ${pattern.slice(0, 100)} cannot be told`;
    for (const file of files ?? []) this.read(file, conditional, depth + 1);
  }
}

/** Null: no sshd is installed. */
export function collectSshd(tree: Tree): SshdFacts | null {
  const installed = ['/usr/sbin/sshd', '/usr/bin/sshd', '/usr/local/sbin/sshd'].some((path) => tree.stat(path) != null);
  if (!installed) return null;
  const reader = new Reader(tree);
  reader.read(CONFIG, false, 0);
  return { settings: Object.fromEntries(reader.settings), problem: reader.problem };
}
