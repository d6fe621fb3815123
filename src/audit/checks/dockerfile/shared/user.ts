// SPDX-License-Identifier: Apache-2.0
import type { DockerfileFacts, Instruction } from '../../../facts/dockerfile.ts';
import type { Verdict } from '../../../types.ts';
import { finalInstructions } from './problems.ts';

/** What decides who the image runs as, of its last stage or one that it stands on. */
export const lastUser = (facts: DockerfileFacts): Instruction | undefined =>
  finalInstructions(facts).findLast(({ keyword }) => keyword === 'USER');

/** What is to be said of the user that the image ends with, when that is known before it is built. */
export function judgeUser(facts: DockerfileFacts, judge: (name: string, user: Instruction) => Verdict): Verdict {
  const user = lastUser(facts);
  if (user === undefined) return { status: 'not-applicable', why: 'no USER in the stages that make the image' };
  const [name] = user.expanded;
  if (name === undefined)
    return { status: 'unknown', why: `what ${user.text} means is known only when the image is built` };
  return judge(name, user);
}

/** `root`, `0`, `0:0`, `root:root`, `00`: the group does not matter. Nothing at all is root too. */
export function isRoot(user: string): boolean {
  const name = user.split(':')[0]?.trim() ?? '';
  return name === '' || name === 'root' || /^\+?0+$/.test(name);
}
