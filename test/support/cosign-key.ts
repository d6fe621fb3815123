// SPDX-License-Identifier: Apache-2.0
// Keys in cosign's encrypted form, by libsodium and Python's scrypt: another implementation than the one that is tested.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PYTHON = '/usr/bin/python3';
const SCRIPT = `
import base64, hashlib, json, os, sys
import nacl.secret
given = json.load(sys.stdin)
n, r, p = given["cost"]
salt = os.urandom(32)
key = hashlib.scrypt(given["passphrase"].encode(), salt=salt, n=n, r=r, p=p, dklen=32, maxmem=1 << 30)
box = nacl.secret.SecretBox(key).encrypt(base64.b64decode(given["data"]))
text = lambda data: base64.b64encode(data).decode()
print(json.dumps({
  "kdf": {"name": "scrypt", "params": {"N": n, "r": r, "p": p}, "salt": text(salt)},
  "cipher": {"name": "nacl/secretbox", "nonce": text(box.nonce)},
  "ciphertext": text(box.ciphertext),
}))
`;

/** True without libsodium for Python; with SECURE_MUST_WORK=1 its absence is a failure. */
export const noSodium = (): boolean =>
  process.env.SECURE_MUST_WORK !== '1' && !existsSync('/usr/lib/python3/dist-packages/nacl');

export const pemOf = (json: object, label = 'SIGSTORE'): string => {
  const body = Buffer.from(JSON.stringify(json)).toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN ENCRYPTED ${label} PRIVATE KEY-----\n${body}\n-----END ENCRYPTED ${label} PRIVATE KEY-----\n`;
};

export interface CosignKey {
  kdf: { name: string; params: { N: number; r: number; p: number }; salt: string };
  cipher: { name: string; nonce: string };
  ciphertext: string;
}

/** `data`: what is encrypted, PKCS #8 for a key. */
export function encrypted(data: Buffer, passphrase: string, cost: readonly number[] = [65536, 8, 1]): CosignKey {
  const input = JSON.stringify({ data: data.toString('base64'), passphrase, cost });
  return JSON.parse(execFileSync(PYTHON, ['-c', SCRIPT], { input, encoding: 'utf8' })) as CosignKey;
}
