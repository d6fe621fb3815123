// SPDX-License-Identifier: Apache-2.0
// A build file as rules see it: schemas/inputs/dockerfile.schema.json.
import type { Subject } from '../../../policies/rules/evaluate.ts';
import type { DockerfileFacts, Instruction } from './types.ts';

function shown(instruction: Instruction, stage: number) {
  const { keyword, region, text, onbuild, json, words, expanded, flags, settings } = instruction;
  return {
    ...{ keyword, line: region.startLine, text, onbuild, json, stage },
    words: words.map(({ value }, i) => expanded[i] ?? value),
    flags: flags.map(({ name, value }) => ({ name, value })),
    settings: Object.fromEntries(settings.map(({ name, value, expanded: known }) => [name, known ?? value ?? ''])),
  };
}

export function dockerfileSubject(file: DockerfileFacts): Subject {
  const { name, globals, stages, final } = file;
  const user = final
    .flatMap(({ instructions }) => instructions)
    .findLast(({ keyword, onbuild }) => keyword === 'USER' && !onbuild);
  const facts = {
    name,
    stages: stages.map(({ index, alias, base, from }) => ({
      ...{ index, name: alias ?? '', kind: base.kind, line: from.region.startLine },
      base: base.kind === 'image' ? base.reference : '',
    })),
    instructions: [
      ...globals.map((each) => shown(each, -1)),
      ...stages.flatMap(({ index, instructions }) => instructions.map((each) => shown(each, index))),
    ],
    final: final.flatMap(({ index, instructions }) => instructions.map((each) => shown(each, index))),
    user: user === undefined ? '' : (user.expanded[0] ?? user.words[0]?.value ?? ''),
  };
  return { target: 'dockerfile', name, facts, file: { path: name, line: 1 } };
}
