// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readPrivateKey, readPrivateKeyFile } from '../../../src/runtime/images/signatures/private-key.ts';
import { type CosignKey, encrypted, noSodium, pemOf } from '../../support/cosign-key.ts';
import { codeOf, temporaryDirectory } from '../../support/store.ts';

/** What cosign takes costs a second each time. */
const CHEAP = [1024, 8, 1];
const saying = (passphrase: string | undefined) => async () => passphrase;

describe('a private key', () => {
  const file = (...words: string[]) => {
    const path = join(temporaryDirectory(), 'key');
    execFileSync(
      'openssl',
      ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', ...words, '-out', path],
      { stdio: 'pipe' },
    );
    return path;
  };
  const code = (path: string, passphrase?: string) => codeOf(readPrivateKeyFile(path, saying(passphrase)));

  it('may be encrypted', async () => {
    const path = file('-aes256', '-pass', 'pass:open sesame');
    expect((await readPrivateKeyFile(path, saying('open sesame'))).type).toBe('private');
    expect(await code(path)).toBe('KEY_INVALID');
    expect(await code(path, 'wrong')).toBe('KEY_INVALID');
  });

  it('that is not encrypted asks nobody', async () => {
    const asked = () => {
      throw new Error('asked');
    };
    expect((await readPrivateKeyFile(file(), asked)).type).toBe('private');
  });

  it.each([
    ['is not there', '/nowhere/key'],
    ['is a directory', '/'],
  ])('that %s is an error', async (_, path) => {
    expect(['KEY_INVALID', 'INVALID_VALUE']).toContain(await code(path));
  });

  it.each([
    '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nSECRET\n',
    '-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\nU0VDUkVU\n-----END ENCRYPTED COSIGN PRIVATE KEY-----\n',
    'SECRET',
    '-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n',
  ])('that is damaged is told, without a word of it', async (text) => {
    let message = '';
    const reading = readPrivateKey(text, 'team.key', saying('SECRET')).catch((error: Error) => {
      message = error.message;
      throw error;
    });
    expect(await codeOf(reading)).toBe('KEY_INVALID');
    expect(message).toContain('team.key');
    expect(message).not.toMatch(/SECRET|U0VDUkVU/);
  });
});

describe.skipIf(noSodium())('a private key of cosign', { timeout: 60_000 }, () => {
  let pair: { publicKey: KeyObject; privateKey: KeyObject };
  let der: Buffer;
  let sealed: CosignKey;
  beforeAll(() => {
    pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    der = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
    sealed = encrypted(der, 'open sésame', CHEAP);
  });
  const read = (json: object, passphrase: string | undefined = 'open sésame', label?: string) =>
    readPrivateKey(pemOf(json, label), 'cosign.key', saying(passphrase));

  it('costs by default what cosign takes', async () => {
    expect((await read(encrypted(der, 'a'), 'a')).type).toBe('private');
  });

  it.each(['SIGSTORE', 'COSIGN'])('is the one that was encrypted (%s)', async (label) => {
    const key = await read(sealed, 'open sésame', label);
    expect(key.export({ type: 'pkcs8', format: 'der' })).toEqual(der);
    expect(verify('sha256', Buffer.from('a'), pair.publicKey, sign('sha256', Buffer.from('a'), key))).toBe(true);
  });

  it.each([
    ['Ed25519', generateKeyPairSync('ed25519'), [32768, 8, 1]],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }), [131072, 8, 1]],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }), [1024, 8, 16]],
  ])('may be imported, and cost otherwise: %s', async (_, { privateKey }, cost) => {
    const data = privateKey.export({ type: 'pkcs8', format: 'der' });
    const key = await read(encrypted(data, '', cost), '');
    expect(key.export({ type: 'pkcs8', format: 'der' })).toEqual(data);
  });

  it('is not read with another passphrase, or none', async () => {
    for (const passphrase of ['', 'open sesame', 'open sésame ']) {
      expect(await codeOf(read(sealed, passphrase))).toBe('KEY_INVALID');
    }
    expect(await codeOf(readPrivateKey(pemOf(sealed), 'cosign.key', saying(undefined)))).toBe('KEY_INVALID');
  });

  it('is not read when a bit of it was changed', async () => {
    const flipped = (text: string) => {
      const data = Buffer.from(text, 'base64');
      data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;
      return data.toString('base64');
    };
    const { kdf, cipher, ciphertext } = sealed;
    for (const change of [
      { ciphertext: flipped(ciphertext) },
      { ciphertext: '' },
      { cipher: { ...cipher, nonce: flipped(cipher.nonce) } },
      { kdf: { ...kdf, salt: flipped(kdf.salt) } },
      { kdf: { ...kdf, params: { ...kdf.params, N: 2048 } } },
    ])
      expect(await codeOf(read({ ...sealed, ...change })), JSON.stringify(change)).toBe('KEY_INVALID');
  });

  it.each([
    ['N is no power of two', { N: 65535 }],
    ['N is 1', { N: 1 }],
    ['N is negative', { N: -65536 }],
    ['N is no number', { N: '65536' }],
    ['r is 0', { r: 0 }],
    ['p is 0', { p: 0 }],
    ['it would take 32 GiB', { N: 1 << 25 }],
    ['it would take terabytes', { N: 1 << 30, r: 1 << 20 }],
    ['it would take a day', { p: 1 << 20 }],
    ['it would take minutes', { N: 1024, r: 1024, p: 1024 }],
  ])('costs no more than it may: %s', async (_, params) => {
    const { kdf } = sealed;
    const before = process.memoryUsage().rss;
    const start = performance.now();
    expect(await codeOf(read({ ...sealed, kdf: { ...kdf, params: { ...kdf.params, ...params } } }))).toBe(
      'KEY_INVALID',
    );
    expect(performance.now() - start).toBeLessThan(1000);
    expect(process.memoryUsage().rss - before).toBeLessThan(128 << 20);
  });

  it.each([
    ['another derivation', { kdf: { name: 'pbkdf2', params: { N: 2, r: 1, p: 1 }, salt: '' } }],
    ['another cipher', { cipher: { name: 'aes', nonce: '' } }],
    ['a short nonce', { cipher: { name: 'nacl/secretbox', nonce: 'AAAA' } }],
    ['no ciphertext', { ciphertext: null }],
    ['no base64', { ciphertext: '%%' }],
  ])('is refused with %s', async (_, change) => {
    expect(await codeOf(read({ ...sealed, ...change }))).toBe('KEY_INVALID');
  });

  it('has to have a key in it, and one that is strong enough', async () => {
    expect(await codeOf(read(encrypted(Buffer.from('no key'), 'a', CHEAP), 'a'))).toBe('KEY_INVALID');
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({
      type: 'pkcs8',
      format: 'der',
    });
    expect(await codeOf(read(encrypted(weak, 'a', CHEAP), 'a'))).toBe('KEY_INVALID');
  });
});
