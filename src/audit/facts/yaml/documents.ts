// SPDX-License-Identifier: Apache-2.0
// From a file of manifests, or of services, to its documents. YAML with the bounds that policies have; JSON is YAML.
import { ExitCode, SecureError } from '../../../errors.ts';
import { PolicyProblems } from '../../../policies/problems.ts';
import { type Position, readSource } from '../../../policies/source.ts';

export interface Manifest {
  readonly value: unknown;
  /** Of the value at a JSON pointer, in the file. */
  at(pointer: string): Position;
  /** Of the key that names it. */
  key(pointer: string): Position;
}

export function invalidManifest(
  file: string,
  { line, column }: Position,
  message: string,
  cause?: unknown,
  hint = 'see what the API server would say: kubectl apply --dry-run=server',
): SecureError {
  return new SecureError('MANIFEST_INVALID', `${file}:${line}:${column}: ${message}`, {
    hint,
    exitCode: ExitCode.usage,
    position: { file, line, column },
    cause,
  });
}

const DOCUMENTS = 10_000;

/** @throws SecureError MANIFEST_INVALID, LIMIT_EXCEEDED */
export function* documentsOf(text: string, file: string): Generator<Manifest> {
  let line = 1;
  let count = 0;
  // At the beginning of a line it ends a document whatever stands around it (YAML 1.2.2, 9.1.2).
  for (const part of text.split(/^(?=---(?:[ \t\r\n]|$))/m)) {
    count += 1;
    if (count > DOCUMENTS)
      throw new SecureError('LIMIT_EXCEEDED', `${file} has more than ${DOCUMENTS} documents`, {
        hint: 'give it in parts',
      });
    const before = line - 1;
    line += part.split('\n').length - 1;
    const moved = ({ line: inner, column }: Position): Position => ({ line: inner + before, column });
    try {
      const { value, at, key } = readSource(part, file);
      if (value !== null && value !== undefined)
        yield { value, at: (pointer) => moved(at(pointer)), key: (pointer) => moved(key(pointer)) };
    } catch (error) {
      if (!(error instanceof PolicyProblems)) throw error;
      const [problem] = error.problems;
      throw invalidManifest(
        file,
        moved(problem ?? { line: 1, column: 1 }),
        problem?.message ?? 'it cannot be read',
        error,
      );
    }
  }
}
