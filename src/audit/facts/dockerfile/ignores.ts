// SPDX-License-Identifier: Apache-2.0
// Comments that ignore what a check finds: `# secure ignore=SEC-DOCKERFILE-0003,SEC-DOCKERFILE-0011 reason="the mirror has no TLS" until=2027-01-31`.
// One above the first FROM or ARG is about the whole file, another about the instruction that follows it.
import { DAY, dayOf, isDay } from '../../../policies/rules/days.ts';
import type { Region } from '../../../region.ts';
import type { DockerfileFacts, Instruction } from '../../../runtime/images/dockerfile/types.ts';

export interface Ignore {
  readonly ids: readonly string[];
  readonly reason: string;
  /** The last day on which it holds, `2027-01-31` in UTC. */
  readonly until: string;
  /** The comment. */
  readonly region: Region;
  /** Lines whose problems are ignored; undefined: all of the file. */
  readonly about: { readonly from: number; readonly to: number } | undefined;
  /** Why it ignores nothing. */
  readonly wrong: string | undefined;
}

/** Of a file of a megabyte; nobody reads more. */
const MOST = 1000;
const ID = /^SEC-DOCKERFILE-\d{4}$/;
const KEYS = ['ignore', 'reason', 'until'];

/** `name=value`, `name="a value"`; undefined: something else stands there, or one twice. */
function settings(text: string): Map<string, string> | undefined {
  const found = new Map<string, string>();
  let rest = text.trim();
  while (rest !== '') {
    const [whole = '', name = '', double, single, plain] =
      /^([a-z]+)=(?:"([^"]*)"|'([^']*)'|([^\s"']\S*))(?:\s+|$)/.exec(rest) ?? [];
    if (whole === '' || found.has(name)) return undefined;
    found.set(name, double ?? single ?? plain ?? '');
    rest = rest.slice(whole.length);
  }
  return found;
}

function wrongWith(given: Map<string, string> | undefined, ids: readonly string[], now: number): string | undefined {
  if (given === undefined) return 'it is not ignore=ID reason="WHY" until=YYYY-MM-DD';
  const unknown = [...given.keys()].find((key) => !KEYS.includes(key));
  if (unknown !== undefined) return `it has ${unknown}, which means nothing: ${KEYS.join(', ')} do`;
  const other = ids.find((id) => !ID.test(id));
  if (other !== undefined) return `${JSON.stringify(other.slice(0, 40))} is no check of Dockerfiles`;
  if ((given.get('reason') ?? '').trim() === '') return 'it does not say why: reason="…"';
  const until = given.get('until') ?? '';
  if (!/^\d{4}-\d\d-\d\d$/.test(until) || !isDay(until)) return 'it does not say until when: until=YYYY-MM-DD';
  return now >= dayOf(until) + DAY ? `it held until ${until}` : undefined;
}

/** @param now milliseconds */
export function ignoresIn(text: string, { globals, stages }: DockerfileFacts, now: number): Ignore[] {
  const instructions: readonly Instruction[] = [...globals, ...stages.flatMap((stage) => stage.instructions)];
  const regions = instructions.map(({ region }) => region).sort((a, b) => a.startLine - b.startLine);
  const first = regions[0]?.startLine ?? 0;
  const found: Ignore[] = [];
  let at = 0;
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const [, indent = '', comment] = /^(\s*)#[ \t]*secure[ \t]+(.*)$/.exec(line) ?? [];
    if (comment === undefined) continue;
    const number = i + 1;
    while ((regions[at]?.endLine ?? number) < number) at += 1;
    const next = regions[at];
    // Within an instruction it is a part of it, such as a line of a here-document.
    if (next !== undefined && next.startLine <= number) continue;
    const given = settings(comment);
    const ids = (given?.get('ignore') ?? '').split(',');
    const startColumn = indent.length + 1;
    found.push({
      ids,
      reason: given?.get('reason') ?? '',
      until: given?.get('until') ?? '',
      region: { startLine: number, startColumn, endLine: number, endColumn: line.trimEnd().length + 1 },
      about: number < first ? undefined : { from: next?.startLine ?? number, to: next?.endLine ?? number },
      wrong: wrongWith(given, ids, now),
    });
    if (found.length >= MOST) break;
  }
  return found;
}
