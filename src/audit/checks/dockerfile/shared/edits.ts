// SPDX-License-Identifier: Apache-2.0
// Repairs of Dockerfiles: places in the text, and what a stage is known to stand on.
import type { Command, DockerfileFacts, Instruction, Stage } from '../../../facts/dockerfile.ts';
import type { TextEdit } from '../../../fix/types.ts';
import type { Region } from '../../../types.ts';
import { allInstructions, builds } from './problems.ts';
import { isRoot } from './user.ts';

/** Offsets of a region. */
export function span(text: string, region: Region): { start: number; end: number } {
  let [line, at] = [1, 0];
  const offset = (number: number, column: number): number => {
    for (; line < number; line += 1) at = text.indexOf('\n', at) + 1;
    return at + column - 1;
  };
  const start = offset(region.startLine, region.startColumn);
  return { start, end: offset(region.endLine, region.endColumn) };
}

export const replaceAt = (start: number, end: number, text: string): TextEdit => ({ kind: 'text', start, end, text });

/** A word goes, with the blanks before it. */
export function withoutWord(text: string, region: Region): TextEdit {
  const { start, end } = span(text, region);
  let from = start;
  while (from > 0 && /[ \t]/.test(text[from - 1] ?? '')) from -= 1;
  return replaceAt(from, end, '');
}

const same = (a: Region, b: Region | undefined): boolean =>
  a.startLine === b?.startLine &&
  a.startColumn === b.startColumn &&
  a.endLine === b.endLine &&
  a.endColumn === b.endColumn;

export const instructionAt = (facts: DockerfileFacts, region: Region | undefined): Instruction | undefined =>
  allInstructions(facts).find((one) => same(one.region, region));
/** And the RUN that it is in. */
export const commandAt = (
  facts: DockerfileFacts,
  region: Region | undefined,
): { instruction: Instruction; command: Command } | undefined =>
  builds(facts).find(({ command }) => same(command.region, region));

/** Official images that end as root in `/`. */
const PLAIN =
  /^(?:(?:docker\.io\/)?library\/|docker\.io\/)?(?:alpine|almalinux|amazonlinux|buildpack-deps|busybox|debian|fedora|node|python|rockylinux|ruby|rust|ubuntu)(?:[:@]|$)/;
export const isPlainBase = ({ base }: Stage): boolean => base.kind === 'image' && PLAIN.test(base.reference);

/** Whether an instruction of RUN is known to be run by root. */
export function runsAsRoot(facts: DockerfileFacts, instruction: Instruction): boolean {
  const asRoot = (stage: Stage, until?: Instruction): boolean => {
    const before =
      until === undefined ? stage.instructions : stage.instructions.slice(0, stage.instructions.indexOf(until));
    const user = before.findLast(({ keyword, onbuild }) => keyword === 'USER' && !onbuild);
    if (user !== undefined) return user.expanded[0] !== undefined && isRoot(user.expanded[0]);
    const below = stage.base.kind === 'stage' ? facts.stages[stage.base.stage] : undefined;
    return below === undefined ? isPlainBase(stage) : asRoot(below);
  };
  const stage = facts.stages.find(({ instructions }) => instructions.includes(instruction));
  return stage !== undefined && !instruction.onbuild && asRoot(stage, instruction);
}

/** One more command behind all others of a RUN; undefined: it is no script that could have one. */
export function appended(
  facts: DockerfileFacts,
  run: Instruction,
  text: string,
  command: string,
): TextEdit | undefined {
  if (run.json || run.heredocs.length > 0) return undefined;
  const { start, end } = span(text, run.region);
  const source = text.slice(start, end);
  const last = source.trimEnd();
  if (/[&|;\\`]$/.test(last)) return undefined;
  const lines = last.split('\n');
  const eol = last.includes('\r\n') ? '\r\n' : '\n';
  const indent = /^[ \t]*/.exec(lines.at(-1) ?? '')?.[0] ?? '';
  const glue = lines.length === 1 ? ' ' : ` ${facts.escaper}${eol}${indent}`;
  return replaceAt(start + last.length, start + last.length, `${glue}&& ${command}`);
}
