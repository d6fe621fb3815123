// SPDX-License-Identifier: Apache-2.0
import { ExitCode, SecureError } from '../../errors.ts';
import { RUNTIME } from './types.ts';

/** Somebody else's runtime has our name. */
export function nameTaken(file: string, other: unknown): SecureError {
  return new SecureError('ENGINE_CONFLICT', `another runtime has the name ${RUNTIME}: ${JSON.stringify(other)}`, {
    hint: 'rename or remove it there; nothing was changed',
    exitCode: ExitCode.usage,
    position: { file },
  });
}
