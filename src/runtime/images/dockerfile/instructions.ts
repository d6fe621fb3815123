// SPDX-License-Identifier: Apache-2.0
// One line to one instruction. Variables are replaced afterwards: their values depend on what stands before.

import { SecureError } from '../../../errors.ts';
import { type Command, execCommands, SHELLS, shellCommands } from './commands.ts';
import { invalid, type LogicalLine } from './lines.ts';
import { Builder, EMPTY, type Mapped, type Source, slice, trim } from './mapped.ts';
import { TooDeep } from './shell.ts';
import type { Instruction, Word } from './types.ts';
import { jsonStrings, type RawSetting, settings, split, takeFlags, word } from './words.ts';

const KEYWORDS = new Set(
  'ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR'.split(
    ' ',
  ),
);
const LISTS = new Set(['FROM', 'EXPOSE', 'ADD', 'COPY', 'VOLUME', 'SHELL']);
const PROGRAMS = new Set(['RUN', 'CMD', 'ENTRYPOINT', 'HEALTHCHECK']);

/** An instruction whose variables are still to be replaced. */
export interface Raw extends Omit<Instruction, 'expanded' | 'settings'> {
  readonly rawSettings: readonly RawSetting[];
  readonly start: number;
}

export interface Context {
  readonly source: Source;
  readonly name: string;
  readonly escaper: string;
  /** Set by SHELL: what shell form is written for. */
  readonly shell: readonly string[];
}

/** Keyword and what follows it. */
function keyword(text: Mapped): { keyword: string; rest: Mapped } {
  const trimmed = trim(text);
  const end = /[\t\v\f\r ]/.exec(trimmed.text)?.index ?? trimmed.text.length;
  return { keyword: trimmed.text.slice(0, end).toUpperCase(), rest: slice(trimmed, end, trimmed.text.length) };
}

const posix = (shell: readonly string[]) => shell.some((part) => SHELLS.has(part.slice(part.lastIndexOf('/') + 1)));

/** The text that the shell gets: as the builder does, here-documents behind the line, or one alone instead of it. */
function shellText(rest: Mapped, { heredocs, start }: LogicalLine): Mapped {
  const [first] = heredocs;
  if (first === undefined) return rest;
  if (heredocs.length === 1 && split(rest, true, '\\').length === 1) {
    const script = first.body;
    const [, program] = /^#!\s*(\S+(?:[ \t]+\S+)?)/.exec(script.text.slice(0, 256)) ?? [];
    return program === undefined || posix(program.split(/[ \t]+/)) ? script : EMPTY;
  }
  const all = new Builder();
  all.copy(rest, 0, rest.text.length);
  for (const { name, body } of heredocs) {
    all.add('\n', start);
    all.copy(body, 0, body.text.length);
    // One character at a time: none of the name stands here.
    for (const char of name) all.add(char, start);
  }
  return all.done();
}

function commands(
  context: Context,
  word: string,
  rest: Mapped,
  strings: Mapped[] | undefined,
  line: LogicalLine,
): readonly Command[] {
  if (!PROGRAMS.has(word)) return [];
  if (word === 'HEALTHCHECK') {
    const { keyword: first, rest: inner } = keyword(rest);
    return first === 'CMD' ? commands(context, 'CMD', trim(inner), jsonStrings(trim(inner)), line) : [];
  }
  if (strings !== undefined) return execCommands(context.source, strings);
  return posix(context.shell) ? shellCommands(context.source, word === 'RUN' ? shellText(rest, line) : rest) : [];
}

function words(
  { source, escaper }: Context,
  word_: string,
  rest: Mapped,
  strings: Mapped[] | undefined,
  at: number,
): Word[] {
  if (strings !== undefined)
    return strings.map((raw) => ({ value: raw.text, raw: raw.text, region: source.of(raw, at) }));
  if (rest.text === '') return [];
  const pieces = LISTS.has(word_)
    ? split(rest, false, escaper)
    : word_ === 'HEALTHCHECK'
      ? split(rest, true, escaper)
      : [rest];
  return pieces.map((raw) => word(source, raw, escaper, at));
}

function readCommands(
  context: Context,
  keyword: string,
  rest: Mapped,
  strings: Mapped[] | undefined,
  line: LogicalLine,
): readonly Command[] {
  try {
    return commands(context, keyword, rest, strings, line);
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error;
    const { startLine } = context.source.region(line.start, line.end);
    throw new SecureError('LIMIT_EXCEEDED', `${context.name}:${startLine}: commands are nested too deeply to be read`, {
      hint: 'put them into a script of their own',
      position: { file: context.name, line: startLine },
    });
  }
}

/** Throws DOCKERFILE_INVALID for a word that is no instruction, LIMIT_EXCEEDED for commands that cannot be read. */
export function readInstruction(context: Context, line: LogicalLine, text = line.text, onbuild = false): Raw {
  const { source, escaper, name } = context;
  const { keyword: found, rest } = keyword(text);
  const at = text.offsets[0] ?? line.start;
  if (!KEYWORDS.has(found)) throw invalid(source, name, at, `${JSON.stringify(found.slice(0, 60))} is no instruction`);
  if (found === 'ONBUILD') {
    if (onbuild) throw invalid(source, name, at, 'ONBUILD within ONBUILD');
    return readInstruction(context, line, trim(rest), true);
  }
  const { flags, rest: args } = takeFlags(source, rest);
  const strings = ['FROM', 'ENV', 'ARG', 'LABEL', 'USER', 'WORKDIR', 'EXPOSE', 'HEALTHCHECK'].includes(found)
    ? undefined
    : jsonStrings(trim(args));
  const trimmed = trim(args);
  const isSettings = found === 'ENV' || found === 'ARG' || found === 'LABEL';
  return {
    keyword: found,
    onbuild,
    region: source.region(line.start, line.end),
    text: text.text.trim().split(/\s+/).join(' '),
    source: text.text.trim(),
    flags,
    json: strings !== undefined,
    words: isSettings ? [] : words(context, found, trimmed, strings, at),
    rawSettings: isSettings ? settings(trimmed, found, escaper) : [],
    heredocs: line.heredocs.map(({ name, body, expand }) => ({ name, content: body.text, expand })),
    commands: readCommands(context, found, trimmed, strings, line),
    start: line.start,
  };
}
