// SPDX-License-Identifier: Apache-2.0
import type { DockerfileFacts, Instruction } from '../../../facts/dockerfile.ts';
import { allInstructions } from './problems.ts';

/** Each source of each ADD; here-documents are none. */
export function adds(facts: DockerfileFacts): { instruction: Instruction; source: string }[] {
  return allInstructions(facts)
    .filter(({ keyword }) => keyword === 'ADD')
    .flatMap((instruction) =>
      instruction.words
        .slice(0, -1)
        .map(({ value }, i) => instruction.expanded[i] ?? value)
        .filter((source) => !source.startsWith('<<'))
        .map((source) => ({ instruction, source })),
    );
}

export const isRemote = (source: string): boolean => /^(?:https?:\/\/|ftp:\/\/|git@|git:\/\/|ssh:\/\/)/i.test(source);

/** What ADD unpacks when it is local: it looks at the content, and here is only the name. */
export const isArchive = (source: string): boolean =>
  !isRemote(source) && /\.(?:tar|tar\.(?:gz|bz2|xz|zst)|tgz|tbz2?|txz)$/i.test(source);
