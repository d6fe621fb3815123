// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../errors.ts';
import { print } from './output.ts';

export function outputRefused(problem: string): SecureError {
  return new SecureError('OUTPUT_REFUSED', problem, { hint: 'name a file with --output FILE' });
}

/** Where an archive goes that no file was named for. @throws SecureError OUTPUT_REFUSED */
export function archiveOutput(json: boolean): (chunk: Buffer) => void {
  if (json) throw outputRefused('the archive and JSON would both go to stdout');
  if (process.getBuiltinModule('node:tty').isatty(1)) throw outputRefused('an archive is nothing for a terminal');
  return print;
}
