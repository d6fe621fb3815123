// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../errors.ts';

/**
 * Become another program. stdin was never opened as a stream, so the terminal is as it was found.
 * Returns only by throwing.
 * @throws SecureError RUNTIME_FAILED
 */
export function becomeProgram(path: string, argv: readonly string[], env: NodeJS.ProcessEnv): never {
  const { execve } = process;
  if (execve === undefined)
    throw new SecureError('RUNTIME_FAILED', 'this Node cannot replace its process', {
      hint: 'Node 22.15 or newer is needed',
    });
  execve.call(process, path, argv, env);
  throw new SecureError('RUNTIME_FAILED', `cannot execute ${path}`);
}
