// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { SecureError } from '../../src/errors.ts';
import type { PolicyIo } from '../../src/policies/index.ts';

/** Policy files in memory, below /p. Two names in `same` are one file. */
export function filesIo(
  files: Readonly<Record<string, string>>,
  same: Readonly<Record<string, string>> = {},
): PolicyIo {
  return {
    cwd: '/p',
    read(path) {
      const target = same[path] ?? path;
      const text = files[target.replace(/^\/p\//, '')];
      if (text === undefined) throw new SecureError('POLICY_UNREADABLE', `${path} does not exist`);
      return { text, identity: resolve(target) };
    },
  };
}

/** A file with the two lines that each needs before its own. */
export const policy = (body: string): string => `apiVersion: secure/v1\nkind: Policy\n${body}`;

/** The error's code and place, for assertions. */
export async function failure(promise: Promise<unknown>): Promise<SecureError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof SecureError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
