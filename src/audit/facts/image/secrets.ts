// SPDX-License-Identifier: Apache-2.0
import { readBeneath } from '../../../native.ts';
import type { Entry } from '../../../runtime/images/walk.ts';
import { secretFile } from '../../secret-files.ts';
import { secretIn } from '../../secrets.ts';

/** A key, a certificate with one, or a file of settings is smaller. */
const LIMIT = 64 << 10;
/** What programs bring along to be tested or read; its keys open nothing. */
const HARMLESS = /(?:^|\/)(?:share\/doc|tests?|testdata|testing|examples?|__tests__|fixtures|spec)\//;
const SETTINGS = /^\.(?:env(?:\..*)?|npmrc)$/;
const KEY =
  /^-----BEGIN ((?:[A-Z]{1,16} ){0,3})PRIVATE KEY(?: BLOCK)?-----\r?\n(?:[A-Za-z-]{1,32}: [^\n]{0,200}\r?\n){0,8}\s{0,4}[A-Za-z0-9+/=]{32}/m;

/** What is read of the layer is the file that was seen, or nothing: it is opened through no link, and only if it is a regular one. */
function content({ root, path }: Entry): string {
  try {
    return readBeneath(root, path, LIMIT, { noSymlinks: true })?.toString('latin1') ?? '';
  } catch {
    return '';
  }
}

/** Settings with a secret among them. */
function hasSecret(text: string): boolean {
  return text.split('\n', 2000).some((line) => {
    const [, name = '', value = ''] = /^\s*(?:export\s+)?([^=\s#]{1,256})\s*=\s*([^\n]{0,4096})$/.exec(line) ?? [];
    const bare = value.trim().replace(/^(["'])(.*)\1$/, '$2');
    return name !== '' && secretIn(name.slice(name.lastIndexOf('/') + 1), bare) !== undefined;
  });
}

function privateKey(text: string): string | undefined {
  const kind = KEY.exec(text)?.[1];
  if (kind === undefined) return undefined;
  return kind.startsWith('ENCRYPTED') || /^Proc-Type: 4,ENCRYPTED/m.test(text)
    ? 'an encrypted private key'
    : 'a private key';
}

/** What secret a file or directory of a layer is, or undefined. */
export function secretOf(entry: Entry, path: string, isRepository: () => boolean): string | undefined {
  if (HARMLESS.test(path)) return undefined;
  if (entry.stat.isDirectory()) return entry.name === '.git' && isRepository() ? secretFile(path) : undefined;
  if (!entry.stat.isFile() || entry.stat.size === 0) return undefined;
  const named = secretFile(path);
  if (SETTINGS.test(entry.name)) {
    if (named === undefined || entry.stat.size > LIMIT) return undefined;
    return hasSecret(content(entry)) ? named : undefined;
  }
  if (named !== undefined) return named;
  return entry.stat.size < 64 || entry.stat.size > LIMIT ? undefined : privateKey(content(entry));
}
