// SPDX-License-Identifier: Apache-2.0
// Every program that a text runs, in one list, whatever it is wrapped in.
import type { Region } from '../../../region.ts';
import { FETCHERS, fetchesToStdout } from './fetch.ts';
import { Builder, type Mapped, type Source, slice } from './mapped.ts';
import { parseShell, type Script, type ShellWord, type SimpleCommand, TooDeep } from './shell.ts';

export interface Argument {
  /** Quotes removed, variables as written. */
  readonly value: string;
  readonly region: Region;
}

export interface Command {
  /** Last component of the program's path; '' when there are only assignments. */
  readonly name: string;
  /** The program as written. */
  readonly program: string;
  readonly args: readonly Argument[];
  readonly assignments: readonly { readonly name: string; readonly value: string }[];
  readonly redirects: readonly { readonly operator: string; readonly target: string }[];
  /** Programs that it is started by: `sudo`, `env`, `xargs` ... */
  readonly wrappers: readonly string[];
  readonly region: Region;
  /** It runs as a program what this one brought from the network. */
  readonly runsOutputOf: Command | undefined;
  /** What follows it in a pipeline. */
  readonly pipedInto: string | undefined;
}

export const SHELLS = new Set(['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh', 'mksh', 'rbash', 'fish']);
const INTERPRETERS = /^(?:python\d?(?:\.\d+)?|perl|ruby|node|nodejs|php\d?|lua\d?|pwsh|deno|bun)$/;
/** Wrappers, with those of their options that take a word, and how many words of their own they have. */
const WRAPPERS: Readonly<Record<string, { options: string; words: number }>> = {
  sudo: { options: 'ugpCrtTUhD', words: 0 },
  doas: { options: 'uC', words: 0 },
  env: { options: 'uCS', words: 0 },
  exec: { options: 'a', words: 0 },
  command: { options: '', words: 0 },
  builtin: { options: '', words: 0 },
  nohup: { options: '', words: 0 },
  setsid: { options: '', words: 0 },
  time: { options: 'fo', words: 0 },
  nice: { options: 'n', words: 0 },
  ionice: { options: 'cn', words: 0 },
  timeout: { options: 'ks', words: 1 },
  stdbuf: { options: 'ioe', words: 0 },
  chroot: { options: '', words: 1 },
  gosu: { options: '', words: 1 },
  'su-exec': { options: '', words: 1 },
  busybox: { options: '', words: 0 },
  eatmydata: { options: '', words: 0 },
  xargs: { options: 'adEILnPs', words: 0 },
};
const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)\+?=/;
/** `sh -c` within `sh -c`: no text needs more, and each level reads the rest again. */
const DEPTH = 8;

const baseName = (text: string) => text.slice(text.lastIndexOf('/') + 1);

interface Resolved {
  readonly words: readonly ShellWord[];
  readonly wrappers: readonly string[];
  readonly assignments: { name: string; value: string }[];
}

/** Leave assignments and wrappers behind. */
function resolve(all: readonly ShellWord[]): Resolved {
  const wrappers: string[] = [];
  const assignments: { name: string; value: string }[] = [];
  let at = 0;
  const assign = () => {
    for (let match = null; ; at += 1) {
      const text = all[at]?.value.text ?? '';
      match = ASSIGNMENT.exec(text);
      if (match === null) return;
      assignments.push({ name: match[1] ?? '', value: text.slice(match[0].length) });
    }
  };
  assign();
  for (;;) {
    const name = baseName(all[at]?.value.text ?? '');
    const wrapper = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined;
    if (wrapper === undefined || at + 1 >= all.length) break;
    wrappers.push(name);
    at += 1;
    while (all[at]?.value.text.startsWith('-') && at < all.length) {
      const text = all[at]?.value.text ?? '';
      at += 1;
      if (text === '--') break;
      if (text.length === 2 && wrapper.options.includes(text[1] ?? '?')) at += 1;
    }
    at += wrapper.words;
    assign();
  }
  return { words: all.slice(at), wrappers, assignments };
}

/** Index of the word that an interpreter runs as its program; 'stdin', or none when the program is in a file or an option. */
function programText(name: string, words: readonly ShellWord[]): number | 'stdin' | 'file' | undefined {
  const shell = SHELLS.has(name);
  if (name === 'eval') return words.length > 1 ? 1 : undefined;
  if (name === 'su' || name === 'runuser') {
    const at = words.findIndex(({ value }) => value.text === '-c' || value.text === '--command');
    return at < 0 ? undefined : at + 1;
  }
  if (!shell && !INTERPRETERS.test(name)) return undefined;
  for (let i = 1; i < words.length; i += 1) {
    const text = words[i]?.value.text ?? '';
    if (text === '-' || text === '-s' || text === '/dev/stdin' || text === '/dev/fd/0') return 'stdin';
    if (/^[-+][A-Za-z]+$/.test(text)) {
      if (shell && text.includes('c')) return i + 1;
      if (shell && text.includes('s')) return 'stdin';
      if (shell && /^[-+][A-Za-z]*o$/.test(text)) i += 1;
      // -c, -e, -m, -r: the program is here and not in what is read.
      if (!shell && /[cemrnpE]/.test(text)) return 'file';
    } else if (!text.startsWith('-')) return 'file';
  }
  return 'stdin';
}

/** Words as eval puts them together. */
function joined(words: readonly ShellWord[]): Mapped {
  const all = new Builder();
  for (const { value } of words) {
    if (all.length > 0) all.add(' ', value.offsets[0] ?? 0);
    all.copy(value, 0, value.text.length);
  }
  return all.done();
}

/** Walks scripts and keeps what it finds. */
class Walker {
  readonly found: Command[] = [];
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  /** The first command found from `start` on that brings something from the network to its output. */
  #fetcher(start: number): Command | undefined {
    for (let i = start; i < this.found.length; i += 1) {
      const command = this.found[i];
      if (command !== undefined && fetchesToStdout(command)) return command;
    }
    return undefined;
  }

  text(text: Mapped): void {
    this.script(parseShell(text), 0);
  }

  script(script: Script, depth: number, input?: Command): void {
    for (const pipeline of script) {
      let upstream = input;
      for (const [i, command] of pipeline.entries()) {
        const start = this.found.length;
        this.#command(command, depth, upstream, baseName(pipeline[i + 1]?.words[0]?.value.text ?? '') || undefined);
        upstream ??= this.#fetcher(start);
      }
    }
  }

  #command(command: SimpleCommand, depth: number, upstream: Command | undefined, pipedInto: string | undefined): void {
    let fetched: Command | undefined;
    const { words, wrappers, assignments } = resolve(command.words);
    const [first] = words;
    const name = baseName(first?.value.text ?? '');
    const text = programText(name, words);
    const programs = new Set(typeof text !== 'number' ? [] : words.slice(text, name === 'eval' ? undefined : text + 1));
    const readsText = text === 'stdin' && SHELLS.has(name);
    const texts = new Set(programs);
    for (const { operator, target } of command.redirects) if (readsText && operator === '<<<') texts.add(target);
    for (const word of [...command.words, ...command.redirects.map(({ target }) => target)]) {
      // A program's text is read below, with what stands in it.
      if (texts.has(word)) continue;
      const start = this.found.length;
      for (const script of word.scripts) this.script(script, depth);
      if (word.scripts.length === 0) continue;
      const isProgram = word === first && /^(?:\$\(|`)/.test(word.value.text);
      if (isProgram || word.process) fetched ??= this.#fetcher(start);
    }
    const runsFile = SHELLS.has(name) || INTERPRETERS.test(name) || name === '.' || name === 'source';
    const sourcesFetched = fetched !== undefined && (runsFile || first?.scripts.length !== 0);
    const region = this.#region(command);
    if (region !== undefined) {
      this.found.push({
        name,
        program: first?.value.text ?? '',
        args: words.slice(1).map(({ value, raw }) => ({ value: value.text, region: this.#source.of(raw, 0) })),
        assignments,
        redirects: command.redirects.map(({ operator, target }) => ({ operator, target: target.value.text })),
        wrappers,
        region,
        runsOutputOf: sourcesFetched ? fetched : text === 'stdin' ? upstream : undefined,
        pipedInto,
      });
    }
    if (name === 'find') this.#actions(words, depth);
    if (command.group !== undefined) this.script(command.group, depth, upstream);
    if (depth >= DEPTH && (texts.size > 0 || (readsText && command.input !== undefined))) throw new TooDeep();
    if (programs.size > 0) this.script(parseShell(joined([...programs])), depth + 1, upstream);
    else if (readsText) this.#stdin(command, depth);
  }

  /** `find ... -exec chmod 777 {} \\;`: each action is a command up to its `;` or `+`. */
  #actions(words: readonly ShellWord[], depth: number): void {
    for (let i = 1; i < words.length; i += 1) {
      if (!/^-(?:exec|ok)(?:dir)?$/.test(words[i]?.value.text ?? '')) continue;
      if (depth >= DEPTH) throw new TooDeep();
      const end = words.findIndex(({ value }, at) => at > i && /^[;+]$/.test(value.text));
      const action = words.slice(i + 1, end < 0 ? undefined : end);
      this.script([[{ words: action, redirects: [] }]], depth + 1);
      i += action.length;
    }
  }

  #stdin(command: SimpleCommand, depth: number): void {
    if (command.input !== undefined) this.script(parseShell(command.input), depth + 1);
    for (const { operator, target } of command.redirects)
      if (operator === '<<<') this.script(parseShell(target.value), depth + 1);
  }

  #region({ words }: SimpleCommand): Region | undefined {
    const [first, last] = [words[0]?.raw.offsets[0], words.at(-1)?.raw.offsets.at(-1)];
    return first === undefined || last === undefined ? undefined : this.#source.region(first, last + 1);
  }
}

/** All commands of a shell's text. Throws TooDeep. */
export function shellCommands(source: Source, text: Mapped): Command[] {
  const walker = new Walker(source);
  walker.text(text);
  return walker.found;
}

/** The same of words that are started without a shell. Throws TooDeep. */
export function execCommands(source: Source, words: readonly Mapped[]): Command[] {
  const walker = new Walker(source);
  const plain = words.map((value) => ({ value, raw: slice(value, 0, value.text.length), scripts: [], process: false }));
  walker.script([[{ words: plain, redirects: [] }]], 0);
  return walker.found;
}

/** True for what brings anything from the network. */
export const isFetcher = ({ name }: Command): boolean => FETCHERS.has(name);
