// SPDX-License-Identifier: Apache-2.0
import type { DockerfileFacts } from '../../../facts/dockerfile.ts';
import type { Region } from '../../../types.ts';
import { finalInstructions } from './problems.ts';

export interface ExposedPorts {
  /** As it stands there, variables replaced. */
  readonly text: string;
  readonly first: number;
  readonly last: number;
  readonly region: Region;
}

const RANGE = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/\w+)?$/;

/** What EXPOSE of the image names; what is no port, or only known when it is built, is left out. */
export function exposedPorts(facts: DockerfileFacts): ExposedPorts[] {
  return finalInstructions(facts)
    .filter(({ keyword }) => keyword === 'EXPOSE')
    .flatMap(({ words, expanded }) =>
      words.flatMap(({ region }, i) => {
        const text = expanded[i] ?? '';
        const [, first, last = first] = RANGE.exec(text) ?? [];
        return first === undefined ? [] : [{ text, first: Number(first), last: Number(last), region }];
      }),
    );
}
