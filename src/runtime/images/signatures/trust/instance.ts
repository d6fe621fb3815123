// SPDX-License-Identifier: Apache-2.0
// Which instance of sigstore is meant: where its trusted root comes from, and the TUF root that whatever comes from there is held against.
import { createHash } from 'node:crypto';
import { SecureError } from '../../../../errors.ts';
import type { Inputs } from '../../../inputs.ts';
import { keyInvalid } from '../problems.ts';

/** The public instance. */
export const SIGSTORE = 'sigstore';
export const SIGSTORE_MIRROR = 'https://tuf-repo-cdn.sigstore.dev';
/** As tuf-js bounds what is fetched. */
export const PIN_LIMIT = 512_000;

export interface Instance {
  /** For messages: `sigstore`, or the mirror. */
  readonly name: string;
  readonly mirror: string;
  /** The TUF root to begin with; undefined: that of the public instance, which comes with this program. */
  readonly pin: Buffer | undefined;
  /** Name of its file in the state. */
  readonly key: string;
}

function checkedMirror(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url !== undefined && url.search === '' && url.hash === '' && url.username + url.password === '';
  if (!plain || !['https:', 'http:', 'file:'].includes(url.protocol) || (url.protocol === 'file:' && url.host !== ''))
    throw new SecureError('INVALID_VALUE', `${JSON.stringify(text.slice(0, 200))} is no mirror`, {
      hint: 'give https://HOST/PATH, or file:///DIRECTORY for one on this host',
    });
  return url.href.replace(/\/+$/, '');
}

/**
 * @param mirror `sigstore` or its address; @param pin path of a TUF root
 * @throws SecureError INVALID_VALUE, KEY_INVALID
 */
export function instanceOf(mirror: string, pin: string | undefined, inputs: Inputs): Instance {
  const address = mirror === SIGSTORE ? SIGSTORE_MIRROR : checkedMirror(mirror);
  const file = pin === undefined ? undefined : inputs.read(pin, PIN_LIMIT);
  if (pin !== undefined && file === undefined) throw keyInvalid(pin, 'there is no such file', 'check the path');
  const name = mirror === SIGSTORE ? SIGSTORE : address;
  if (mirror === SIGSTORE && file === undefined) return { name, mirror: address, pin: undefined, key: SIGSTORE };
  // The same mirror under another root is another instance: whoever pins one must not get what another one vouches for.
  const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');
  const key = sha256(`${address}\n${file === undefined ? SIGSTORE : sha256(file.data)}`);
  return { name, mirror: address, pin: file?.data, key };
}
