// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { SecureError } from '../errors.ts';

/**
 * Node replaces bytes of argv that are not UTF-8 without a word, so a container would be given other arguments than
 * were typed. A plan is JSON and cannot hold such bytes: refuse them. Only looks closer when a replacement is there.
 */
export function checkArgvEncoding(argv: readonly string[]): void {
  const index = argv.findIndex((argument) => argument.includes('\ufffd'));
  if (index < 0 || isUtf8(readFileSync('/proc/self/cmdline'))) return;
  throw new SecureError('INVALID_VALUE', `argument ${index + 1} is not valid UTF-8`, {
    hint: 'arguments are passed on unchanged, which is only possible for text',
  });
}
