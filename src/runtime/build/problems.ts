// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../../errors.ts';
import type { Instruction } from '../images/dockerfile/types.ts';

/** A build that cannot go on. */
export function failed(message: string, hint: string, position?: SecureError['position']): SecureError {
  return new SecureError('BUILD_FAILED', message, {
    hint,
    exitCode: 1,
    ...(position === undefined ? {} : { position }),
  });
}

/** The same for one instruction, which the message begins with. */
export function invalid(
  { instruction, file }: { readonly instruction: Instruction; readonly file: string },
  why: string,
  hint = 'correct the line',
) {
  const line = instruction.region.startLine;
  return failed(`${file}:${line}: ${instruction.keyword}: ${why}`, hint, { file, line });
}
