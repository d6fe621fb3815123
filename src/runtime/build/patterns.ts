// SPDX-License-Identifier: Apache-2.0
// Patterns of COPY (Go's filepath.Match) and of .dockerignore (the same, with ** for any directories). Paths are bytes, a character each.

type Token = { readonly char: string } | '?' | '*' | { readonly set: string; readonly not: boolean };

/** A pattern of one component, or undefined when it is malformed. */
function tokens(pattern: string): Token[] | undefined {
  const found: Token[] = [];
  for (let i = 0; i < pattern.length; i += 1) {
    const char = pattern[i] ?? '';
    if (char === '*' || char === '?') found.push(char);
    else if (char === '\\') {
      i += 1;
      if (i >= pattern.length) return undefined;
      found.push({ char: pattern[i] ?? '' });
    } else if (char === '[') {
      const set = readSet(pattern, i + 1);
      if (set === undefined) return undefined;
      found.push(set.token);
      i = set.end;
    } else found.push({ char });
  }
  return found;
}

function readSet(pattern: string, start: number): { token: Token; end: number } | undefined {
  const not = pattern[start] === '^';
  let set = '';
  for (let i = start + (not ? 1 : 0); i < pattern.length; i += 1) {
    if (pattern[i] === ']' && set !== '') return { token: { set, not }, end: i };
    if (pattern[i] === '\\') i += 1;
    const low = pattern[i];
    if (low === undefined) return undefined;
    if (pattern[i + 1] !== '-' || pattern[i + 2] === ']' || pattern[i + 2] === undefined) {
      set += low;
      continue;
    }
    i += pattern[i + 2] === '\\' ? 3 : 2;
    const high = pattern[i] ?? low;
    for (let code = low.charCodeAt(0); code <= high.charCodeAt(0); code += 1) set += String.fromCharCode(code);
  }
  return undefined;
}

function fits(token: Token | undefined, char: string): boolean {
  if (token === undefined || token === '*') return false;
  if (token === '?') return true;
  return 'char' in token ? token.char === char : token.set.includes(char) !== token.not;
}

/** Greedy, going back to the last star only, which is enough: linear in pattern times name. */
function matchesComponent(pattern: readonly Token[], name: string): boolean {
  let [at, i, star, mark] = [0, 0, -1, 0];
  while (i < name.length) {
    if (fits(pattern[at], name[i] ?? '')) {
      at += 1;
      i += 1;
    } else if (pattern[at] === '*') {
      star = at;
      mark = i;
      at += 1;
    } else if (star >= 0) {
      at = star + 1;
      mark += 1;
      i = mark;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

type Part = '**' | readonly Token[];

/** A pattern of whole paths. */
export class PathPattern {
  readonly #parts: readonly Part[];

  private constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  /** Undefined when it is malformed. @param deep whether `**` means any directories */
  static parse(text: string, deep: boolean): PathPattern | undefined {
    const parts: Part[] = [];
    for (const part of text.split('/').filter((each) => each !== '' && each !== '.')) {
      const read = deep && part === '**' ? '**' : tokens(part);
      if (read === undefined) return undefined;
      parts.push(read);
    }
    return new PathPattern(parts);
  }

  /** The components that its path has, one after the other; of COPY only. */
  get parts(): readonly ((name: string) => boolean)[] {
    return this.#parts.map((part) => (name) => part !== '**' && matchesComponent(part, name));
  }

  /** Whether it matches a path or one of the directories that the path is in. */
  matches(path: readonly string[]): boolean {
    let states = new Set([0]);
    const settle = () => {
      for (const state of states) if (this.#parts[state] === '**') states.add(state + 1);
    };
    settle();
    for (const name of path) {
      const next = new Set<number>();
      for (const state of states) {
        const part = this.#parts[state];
        if (part === '**') next.add(state);
        else if (part !== undefined && matchesComponent(part, name)) next.add(state + 1);
      }
      states = next;
      settle();
      // What it matches so far is a directory that the path is in, or the path.
      if (states.has(this.#parts.length)) return true;
    }
    return false;
  }
}

/** Whether a word has to be matched at all. */
export const isPattern = (word: string): boolean => /[*?[\\]/.test(word);

/** A literal path of a pattern without wildcards: `a\*b` is `a*b`. */
export const literal = (word: string): string => word.replaceAll(/\\([\s\S])/g, '$1');
