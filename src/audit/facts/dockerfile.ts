// SPDX-License-Identifier: Apache-2.0
import { parseDockerfile, readDockerfileText } from '../../runtime/images/dockerfile/parse.ts';
import type { DockerfileFacts } from '../../runtime/images/dockerfile/types.ts';

export { type Argument, type Command, SHELLS } from '../../runtime/images/dockerfile/commands.ts';
export { DOCKERFILE_LIMIT, parseDockerfile } from '../../runtime/images/dockerfile/parse.ts';
export type {
  Base,
  DockerfileFacts,
  Flag,
  Instruction,
  Setting,
  Stage,
  Word,
} from '../../runtime/images/dockerfile/types.ts';

/** Read and parse a file. Throws AUDIT_UNREADABLE, LIMIT_EXCEEDED, DOCKERFILE_INVALID. */
export async function readDockerfile(path: string): Promise<DockerfileFacts> {
  return parseDockerfile(readDockerfileText(path, 'AUDIT_UNREADABLE'), path);
}
