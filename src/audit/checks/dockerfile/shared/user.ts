// SPDX-License-Identifier: Apache-2.0
import type { DockerfileFacts, Instruction } from '../../../facts/dockerfile.ts';
import { finalInstructions } from './problems.ts';

/** What decides who the image runs as, of its last stage or one that it stands on. */
export const lastUser = (facts: DockerfileFacts): Instruction | undefined =>
  finalInstructions(facts).findLast(({ keyword }) => keyword === 'USER');

/** `root`, `0`, `0:0`, `root:root`, `00`: the group does not matter. Nothing at all is root too. */
export function isRoot(user: string): boolean {
  const name = user.split(':')[0]?.trim() ?? '';
  return name === '' || name === 'root' || /^\+?0+$/.test(name);
}
