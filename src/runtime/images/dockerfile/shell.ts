// SPDX-License-Identifier: Apache-2.0
// Enough of a POSIX shell (and of what bash adds) to know which programs run with which words. One pass, no backtracking. It does not
// run anything: variables stay as they are written.
import { Builder, type Mapped, slice } from './mapped.ts';

export interface ShellWord {
  /** Quotes and escapes removed. */
  readonly value: Mapped;
  readonly raw: Mapped;
  /** `$(...)`, backquotes, `<(...)`: what runs to make the word. */
  readonly scripts: readonly Script[];
  /** It is one process substitution, so a name of a file that a program writes. */
  readonly process: boolean;
}
export interface Redirect {
  /** `>`, `>>`, `<`, `<<<`, `<<` ... */
  readonly operator: string;
  readonly target: ShellWord;
}
export interface SimpleCommand {
  readonly words: readonly ShellWord[];
  readonly redirects: readonly Redirect[];
  /** `( ... )` and `{ ...; }`. */
  readonly group?: Script;
  /** Text of here-documents. */
  readonly input?: Mapped;
}
/** Pipelines, each with its commands. */
export type Script = readonly (readonly SimpleCommand[])[];

/** Words after which a command begins. */
const OPENERS = new Set(['if', 'then', 'elif', 'else', 'while', 'until', 'do', '!', 'time']);
const CLOSERS = new Set(['fi', 'done', 'esac', '}']);
/** Deeper than anybody nests by hand. What is not read must not count as harmless, so it is an error. */
const DEPTH = 32;

export class TooDeep extends Error {}

const SPECIAL = ' \t\r\n;|&()<>\\"\'`$';
const isBlank = (char: string | undefined) => char === ' ' || char === '\t' || char === '\r';
const ends = (char: string | undefined) => char === undefined || ' \t\r\n;|&()<>'.includes(char);

interface Open {
  readonly words: ShellWord[];
  readonly redirects: Redirect[];
  group?: Script;
  input?: Mapped;
}

class Parser {
  readonly #mapped: Mapped;
  readonly #text: string;
  #at = 0;
  #pending: { name: string; chomp: boolean; command: Open }[] = [];

  constructor(mapped: Mapped) {
    this.#mapped = mapped;
    this.#text = mapped.text;
  }

  /** Until the character that closes it, which is consumed, or the end. */
  script(close: ')' | '}' | '', depth: number): Script {
    if (depth > DEPTH) throw new TooDeep();
    const pipelines: SimpleCommand[][] = [];
    let pipeline: SimpleCommand[] = [];
    let command: Open = { words: [], redirects: [] };
    const endCommand = () => {
      if (command.words.length > 0 || command.group !== undefined || command.redirects.length > 0)
        pipeline.push(command);
      command = { words: [], redirects: [] };
    };
    const endPipeline = () => {
      endCommand();
      if (pipeline.length > 0) pipelines.push(pipeline);
      pipeline = [];
    };
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) break;
      if (isBlank(char)) this.#at += 1;
      else if (char === '\n') {
        this.#at += 1;
        endPipeline();
        this.#heredocs();
      } else if (char === '#') this.#at = this.#lineEnd(this.#at);
      else if (char === ';') {
        this.#at += 1;
        endPipeline();
      } else if (char === '&' && this.#text[this.#at + 1] !== '>') {
        this.#at += this.#text[this.#at + 1] === '&' ? 2 : 1;
        endPipeline();
      } else if (char === '|') {
        const or = this.#text[this.#at + 1] === '|';
        this.#at += or || this.#text[this.#at + 1] === '&' ? 2 : 1;
        if (or) endPipeline();
        else endCommand();
      } else if (char === ')') {
        this.#at += 1;
        if (close === ')') break;
        endPipeline();
      } else if (char === '(') {
        this.#at += 1;
        this.#parenthesis(command, depth, endPipeline, (group) => {
          command.group = group;
        });
      } else if (this.#redirect(command, depth)) continue;
      else {
        const word = this.#word(depth);
        const bare = command.words.length === 0 && command.group === undefined ? word.raw.text : '';
        if (bare === '}' && close === '}') break;
        if (bare === '{') command.group = this.script('}', depth + 1);
        else if (OPENERS.has(bare)) endCommand();
        else if (!CLOSERS.has(bare)) command.words.push(word);
      }
    }
    endPipeline();
    return pipelines;
  }

  /** A subshell, the parentheses of a function, or the elements of an array. */
  #parenthesis(command: Open, depth: number, end: () => void, group: (script: Script) => void): void {
    const array = command.words.at(-1)?.raw.text.endsWith('=') ?? false;
    const inner = this.script(')', depth + 1);
    if (array) return;
    if (command.words.length > 0) end();
    if (inner.length > 0) group(inner);
  }

  #lineEnd(from: number): number {
    const end = this.#text.indexOf('\n', from);
    return end < 0 ? this.#text.length : end;
  }

  #redirect(command: Open, depth: number): boolean {
    let at = this.#at;
    while (at - this.#at < 4 && /\d/.test(this.#text[at] ?? '')) at += 1;
    if (this.#text[at] === '&' && this.#text[at + 1] === '>') at += 1;
    const first = this.#text[at];
    if (first !== '<' && first !== '>') return false;
    // A process substitution is a word.
    if (this.#text[at + 1] === '(' && at === this.#at) return false;
    let operator = '';
    for (; operator.length < 3 && '<>|&-'.includes(this.#text[at] ?? '?'); at += 1) {
      // `>-` and `<-`: the dash belongs to a name, but for `<<-`.
      if (this.#text[at] === '-' && operator !== '<<') break;
      operator += this.#text[at];
    }
    this.#at = at;
    while (isBlank(this.#text[this.#at])) this.#at += 1;
    if (ends(this.#text[this.#at]) && !'<>'.includes(this.#text[this.#at] ?? '?')) return true;
    const before = this.#at;
    const target = this.#word(depth);
    if (this.#at === before) this.#at += 1;
    command.redirects.push({ operator, target });
    if (operator === '<<' || operator === '<<-')
      this.#pending.push({ name: target.value.text, chomp: operator === '<<-', command });
    return true;
  }

  /** Skip the bodies that were announced on the line before. */
  #heredocs(): void {
    for (const { name, chomp, command } of this.#pending) {
      const start = this.#at;
      while (this.#at < this.#text.length) {
        const [from, end] = [this.#at, this.#lineEnd(this.#at)];
        this.#at = end + 1;
        const line = this.#text.slice(from, end);
        if ((chomp ? line.replace(/^\t+/, '') : line) !== name) continue;
        command.input = slice(this.#mapped, start, from);
        break;
      }
    }
    this.#pending = [];
    this.#at = Math.min(this.#at, this.#text.length);
  }

  #word(depth: number): ShellWord {
    const start = this.#at;
    const value = new Builder();
    const scripts: Script[] = [];
    let process = false;
    const take = (count: number) => {
      value.copy(this.#mapped, this.#at, this.#at + count);
      this.#at += count;
    };
    let quoted = false;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) break;
      if (char === '\\') {
        this.#at += 1;
        // A line that goes on is no character; within double quotes only some are escaped.
        if (this.#text[this.#at] === '\n') this.#at += 1;
        else {
          if (quoted && !'$`"\\'.includes(this.#text[this.#at] ?? '')) value.copy(this.#mapped, this.#at - 1, this.#at);
          if (this.#at < this.#text.length) take(1);
        }
      } else if (char === '"') {
        quoted = !quoted;
        this.#at += 1;
      } else if (char === "'" && !quoted) {
        const end = this.#text.indexOf("'", this.#at + 1);
        const until = end < 0 ? this.#text.length : end;
        this.#at += 1;
        take(until - this.#at);
        this.#at = Math.min(until + 1, this.#text.length);
      } else if (char === '`') this.#backquoted(value, scripts, depth);
      else if (char === '$' && this.#text.startsWith('((', this.#at + 1)) take(this.#arithmetic());
      else if (char === '$' && this.#text[this.#at + 1] === '(') this.#substitution(value, scripts, depth);
      else if (char === '$' && this.#text[this.#at + 1] === '{') take(this.#braces());
      else if (!quoted && (char === '<' || char === '>') && this.#text[this.#at + 1] === '(' && this.#at === start) {
        process = true;
        this.#substitution(value, scripts, depth);
      } else if (!quoted && ends(char)) break;
      else take(this.#plain());
    }
    return { value: value.done(), raw: slice(this.#mapped, start, this.#at), scripts, process };
  }

  /** Length of what is just text, whatever stands around it: at least the one character that nothing else wanted. */
  #plain(): number {
    let at = this.#at + 1;
    while (at < this.#text.length && !SPECIAL.includes(this.#text[at] ?? '')) at += 1;
    return at - this.#at;
  }

  #substitution(value: Builder, scripts: Script[], depth: number): void {
    const start = this.#at;
    this.#at += 2;
    scripts.push(this.script(')', depth + 1));
    value.copy(this.#mapped, start, this.#at);
  }

  #backquoted(value: Builder, scripts: Script[], depth: number): void {
    const start = this.#at;
    const inner = new Builder();
    for (this.#at += 1; this.#at < this.#text.length && this.#text[this.#at] !== '`'; this.#at += 1) {
      if (this.#text[this.#at] === '\\' && '`\\$'.includes(this.#text[this.#at + 1] ?? '?')) this.#at += 1;
      inner.copy(this.#mapped, this.#at, this.#at + 1);
    }
    this.#at = Math.min(this.#at + 1, this.#text.length);
    scripts.push(new Parser(inner.done()).script('', depth + 1));
    value.copy(this.#mapped, start, this.#at);
  }

  /** Length of `${...}`, quotes and nested ones respected. */
  #braces(): number {
    let [at, open] = [this.#at + 2, 1];
    for (; at < this.#text.length && open > 0; at += 1) {
      if (this.#text[at] === '\\') at += 1;
      else if (this.#text[at] === '{') open += 1;
      else if (this.#text[at] === '}') open -= 1;
    }
    return Math.min(at, this.#text.length) - this.#at;
  }

  #arithmetic(): number {
    let [at, open] = [this.#at + 3, 2];
    for (; at < this.#text.length && open > 0; at += 1) {
      if (this.#text[at] === '(') open += 1;
      else if (this.#text[at] === ')') open -= 1;
    }
    return at - this.#at;
  }
}

/** What a shell makes of a text; what is not closed ends with it. Throws TooDeep. */
export function parseShell(text: Mapped): Script {
  return new Parser(text).script('', 0);
}
