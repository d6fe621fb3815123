// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../../../errors.ts';
import { readMerged } from '../../../runtime/images/merged.ts';
import type { Account } from './types.ts';

const LIMIT = 1 << 20;

function read(layers: readonly string[], path: string): string | undefined {
  try {
    return readMerged(layers, path, LIMIT);
  } catch (error) {
    if (error instanceof SecureError && error.code === 'LIMIT_EXCEEDED') return undefined;
    throw error;
  }
}

/** As login(1) reads them: an id in decimal, leading zeros included. */
const id = (text: string | undefined) => (text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined);

/** Accounts of the merged layers (paths, lowest first), or null when a file of them is too large to be one. */
export function readAccounts(layers: readonly string[]): Account[] | null {
  const [passwd, shadow] = [read(layers, 'etc/passwd'), read(layers, 'etc/shadow')];
  if (passwd === undefined || shadow === undefined) return null;
  const open = new Set(
    shadow.split('\n').flatMap((line) => {
      const [name = '', password, changed] = line.split(':');
      return password === '' && changed !== undefined ? [name] : [];
    }),
  );
  return passwd.split('\n').flatMap((line) => {
    const [name = '', password, uid, gid] = line.split(':');
    const [user, group] = [id(uid), id(gid)];
    if (name === '' || password === undefined || user === undefined || group === undefined) return [];
    return [{ name, uid: user, gid: group, open: password === '' || (password === 'x' && open.has(name)) }];
  });
}
