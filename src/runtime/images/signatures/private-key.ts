// SPDX-License-Identifier: Apache-2.0
// Keys to sign with. What is wrong with one never quotes it.
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Inputs } from '../../inputs.ts';
import { decryptCosignKey, isCosignKey } from './cosign-key.ts';
import { checkStrength, KEY_FILE_LIMIT } from './keys.ts';
import { keyInvalid } from './problems.ts';

/** Asked only for a key that is encrypted; undefined: nobody gives it. */
export type Passphrase = () => Promise<string | undefined>;

const isEncrypted = (pem: string): boolean =>
  isCosignKey(pem) || /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem);

function plainKey(pem: string, name: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    const problem =
      passphrase === undefined
        ? 'it cannot be read as a private key'
        : 'the passphrase is wrong, or the file is damaged';
    throw keyInvalid(name, problem, 'a private key in PEM begins with -----BEGIN PRIVATE KEY-----', cause);
  }
}

async function cosignKey(pem: string, name: string, passphrase: string): Promise<KeyObject> {
  const key = await decryptCosignKey(pem, name, passphrase);
  try {
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  } catch {
    throw keyInvalid(name, 'what is encrypted in it is no private key', 'check that the file is whole');
  } finally {
    key.fill(0);
  }
}

/**
 * A private key in PEM (PKCS #8, SEC 1, PKCS #1, or cosign's own), encrypted or not.
 * @param name for messages
 * @throws SecureError KEY_INVALID, and what `passphrase` throws
 */
export async function readPrivateKey(pem: string, name: string, passphrase: Passphrase): Promise<KeyObject> {
  const secret = isEncrypted(pem) ? await passphrase() : undefined;
  if (isEncrypted(pem) && secret === undefined)
    throw keyInvalid(
      name,
      'it is encrypted',
      'give its passphrase in a file (--passphrase-file) or in SECURE_KEY_PASSPHRASE, or sign on a terminal to be asked for it',
    );
  const key = isCosignKey(pem) ? await cosignKey(pem, name, secret ?? '') : plainKey(pem, name, secret);
  checkStrength(name, key);
  return key;
}

/** The same of a file. @throws SecureError KEY_INVALID, INVALID_VALUE */
export async function readPrivateKeyFile(path: string, passphrase: Passphrase): Promise<KeyObject> {
  const file = new Inputs().read(path, KEY_FILE_LIMIT);
  if (file === undefined) throw keyInvalid(path, 'there is no such file', 'check the path');
  return readPrivateKey(file.data.toString('utf8'), path, passphrase);
}
