// SPDX-License-Identifier: Apache-2.0
// A Dockerfile as checks see it: as its builder reads it, with the comments in which somebody says what is to be ignored.
import { parseDockerfile as parse, readDockerfileText } from '../../runtime/images/dockerfile/parse.ts';
import type { DockerfileFacts as Parsed } from '../../runtime/images/dockerfile/types.ts';
import { type Ignore, ignoresIn } from './dockerfile/ignores.ts';

export { type Argument, type Command, SHELLS } from '../../runtime/images/dockerfile/commands.ts';
export { DOCKERFILE_LIMIT } from '../../runtime/images/dockerfile/parse.ts';
export type { Base, Flag, Instruction, Setting, Stage, Word } from '../../runtime/images/dockerfile/types.ts';
export type { Ignore };

export type DockerfileFacts = Parsed & { readonly ignores: readonly Ignore[] };

/** What a Dockerfile says. Throws DOCKERFILE_INVALID, LIMIT_EXCEEDED. @param now milliseconds */
export function parseDockerfile(text: string, name = 'Dockerfile', now: number = Date.now()): DockerfileFacts {
  const parsed = parse(text, name);
  return { ...parsed, ignores: ignoresIn(text, parsed, now) };
}

/** Read and parse a file. Throws AUDIT_UNREADABLE, LIMIT_EXCEEDED, DOCKERFILE_INVALID. */
export async function readDockerfile(path: string): Promise<DockerfileFacts> {
  return parseDockerfile(readDockerfileText(path, 'AUDIT_UNREADABLE'), path);
}
