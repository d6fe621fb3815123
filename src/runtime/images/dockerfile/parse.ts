// SPDX-License-Identifier: Apache-2.0
// Reads a Dockerfile as BuildKit does. Its text is hostile: everything is one pass over at most 1 MiB.
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { readBounded } from '../../../bounded.ts';
import { SecureError } from '../../../errors.ts';
import { readInstruction } from './instructions.ts';
import { invalid, logicalLines } from './lines.ts';
import { Source } from './mapped.ts';
import { Stages } from './stages.ts';
import type { DockerfileFacts } from './types.ts';

/** Characters, and bytes of a file. The longest of 1,379 public Dockerfiles is a twentieth of it. */
export const DOCKERFILE_LIMIT = 1 << 20;

/** What a Dockerfile says. `name` is for messages. Throws DOCKERFILE_INVALID where the builder refuses it too. */
export function parseDockerfile(text: string, name = 'Dockerfile'): DockerfileFacts {
  if (text.length > DOCKERFILE_LIMIT)
    throw new SecureError('LIMIT_EXCEEDED', `${name} is larger than ${DOCKERFILE_LIMIT} bytes`, {
      hint: 'no Dockerfile is; check that the path is the right one',
    });
  const source = new Source(text);
  const nul = text.indexOf('\0');
  if (nul >= 0)
    throw invalid(source, name, nul, 'a NUL character', 'it is no text; check that the path is the right one');
  const { escaper, lines } = logicalLines(source, name);
  const stages = new Stages(source, name, escaper);
  let shell: readonly string[] = ['/bin/sh', '-c'];
  for (const line of lines) {
    const raw = readInstruction({ source, name, escaper, shell }, line);
    stages.add(raw);
    if (raw.keyword === 'FROM') shell = ['/bin/sh', '-c'];
    if (raw.keyword === 'SHELL' && !raw.onbuild) shell = raw.words.map(({ value }) => value);
  }
  const all = stages.done();
  if (all.stages.length === 0)
    throw new SecureError('DOCKERFILE_INVALID', `${name} has no FROM`, {
      hint: 'check that the path is the right one: a Dockerfile begins with FROM',
      position: { file: name, line: 1 },
    });
  return { name, escaper, globals: stages.globals, ...all };
}

/** The text of a file. @param path `-`: standard input. Throws LIMIT_EXCEEDED, and `code` when it cannot be read. */
export function readDockerfileText(path: string, code: 'AUDIT_UNREADABLE' | 'BUILD_FAILED'): string {
  const name = path === '-' ? 'standard input' : path;
  const unreadable = (why: string, cause?: unknown) =>
    new SecureError(code, `${name} cannot be read: ${why}`, {
      hint: 'give the path of a Dockerfile',
      cause,
    });
  let fd: number;
  try {
    // A FIFO must not block and a device not act.
    fd = path === '-' ? 0 : openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (cause) {
    throw unreadable((cause as NodeJS.ErrnoException).code ?? String(cause), cause);
  }
  try {
    if (fd !== 0 && !fstatSync(fd).isFile()) throw unreadable('it is no regular file');
    const data = readBounded(fd, DOCKERFILE_LIMIT);
    if (data === undefined)
      throw new SecureError('LIMIT_EXCEEDED', `${name} is larger than ${DOCKERFILE_LIMIT} bytes`, {
        hint: 'no Dockerfile is; check that the path is the right one',
      });
    // The byte order mark stays: it counts as a column.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
  } catch (cause) {
    if (cause instanceof SecureError) throw cause;
    throw unreadable(
      cause instanceof TypeError ? 'it is not UTF-8' : ((cause as NodeJS.ErrnoException).code ?? String(cause)),
      cause,
    );
  } finally {
    if (fd !== 0) closeSync(fd);
  }
}
