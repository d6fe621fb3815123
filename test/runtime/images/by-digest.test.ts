// SPDX-License-Identifier: Apache-2.0
// Signatures of bytes of which only the digest is known: of a manifest, which its digest stands for.
import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkBundle } from '../../../src/runtime/images/signatures/bundle.ts';
import { signedDigest } from '../../../src/runtime/images/signatures/by-digest.ts';
import { BUNDLE, Key, type Kind, readKey } from '../../support/signatures.ts';

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest();
const DATA = Buffer.from('bytes that were signed');

describe('a signature of a digest', { timeout: 60_000 }, () => {
  it.each<Kind>(['P-256', 'P-384', 'rsa'])('by openssl with a key of the kind %s', (kind) => {
    const key = new Key(kind);
    const [own, other] = [createPublicKey(readKey(key)), createPublicKey(readKey(new Key(kind)))];
    const signature = key.sign(DATA);
    expect(signedDigest(own, { sha256: sha256(DATA) }, signature)).toBe(true);
    expect(signedDigest(other, { sha256: sha256(DATA) }, signature)).toBe(false);
    expect(signedDigest(own, { sha256: sha256(Buffer.from('other')) }, signature)).toBe(false);
    for (const at of [0, 3, signature.length - 1]) {
      const changed = Buffer.from(signature);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(signedDigest(own, { sha256: sha256(DATA) }, changed)).toBe(false);
    }
    expect(signedDigest(own, { sha256: sha256(DATA) }, Buffer.alloc(0))).toBe(false);
    expect(signedDigest(own, { sha256: sha256(DATA) }, Buffer.concat([signature, Buffer.alloc(1)]))).toBe(false);
  });

  it('with P-521, whose points have odd lengths, and with a high s, which OpenSSL makes half of the time', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp521r1' });
    const { privateKey: small, publicKey: own } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    for (let i = 0; i < 20; i++) {
      const data = Buffer.from([i]);
      expect(signedDigest(publicKey, { sha256: sha256(data) }, sign('sha256', data, privateKey))).toBe(true);
      expect(signedDigest(own, { sha256: sha256(data) }, sign('sha256', data, small))).toBe(true);
    }
  });

  it('is nothing that Ed25519 makes, nor RSA of another hash or padding', () => {
    const ed25519 = generateKeyPairSync('ed25519');
    expect(signedDigest(ed25519.publicKey, { sha256: sha256(DATA) }, sign(null, DATA, ed25519.privateKey))).toBe(false);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    expect(signedDigest(rsa.publicKey, { sha256: sha256(DATA) }, sign('sha512', DATA, rsa.privateKey))).toBe(false);
    const pss = sign('sha256', DATA, { key: rsa.privateKey, padding: 6 });
    expect(signedDigest(rsa.publicKey, { sha256: sha256(DATA) }, pss)).toBe(false);
  });

  describe('in a bundle', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const by = (data: Buffer) => sign('sha256', data, privateKey);
    const digest = `sha256:${sha256(DATA).toString('hex')}`;
    const signer = { kind: 'key', key: { name: 'key', key: publicKey } } as const;
    const bundle = (claimed: Buffer, signature = by(DATA)) =>
      Buffer.from(
        JSON.stringify({
          mediaType: BUNDLE,
          verificationMaterial: { publicKey: { hint: 'aGludA==' }, tlogEntries: [] },
          messageSignature: {
            messageDigest: { algorithm: 'SHA2_256', digest: claimed.toString('base64') },
            signature: signature.toString('base64'),
          },
        }),
      );
    const check = (bytes: Buffer, identity: 'repository' | 'digest-only', digests = [digest]) =>
      checkBundle(bytes, { repository: 'registry.example/app', digests }, identity, signer);

    it('is one of the manifest, for whatever repository', () => {
      expect(() => check(bundle(sha256(DATA)), 'digest-only')).not.toThrow();
      expect(() => check(bundle(sha256(DATA)), 'digest-only', [`sha256:${'0'.repeat(64)}`, digest])).not.toThrow();
      expect(() => check(bundle(sha256(DATA)), 'repository')).toThrow(/digest-only/);
    });

    it('counts for nothing of another image, or when it names another digest than it signs', () => {
      expect(() => check(bundle(sha256(DATA)), 'digest-only', [`sha256:${'0'.repeat(64)}`])).toThrow();
      expect(() => check(bundle(sha256(Buffer.from('x'))), 'digest-only')).toThrow();
      expect(() => check(bundle(sha256(DATA), by(Buffer.from('x'))), 'digest-only')).toThrow();
    });
  });
});
