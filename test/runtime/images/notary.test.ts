// SPDX-License-Identifier: Apache-2.0
import { sign, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseReference } from '../../../src/runtime/images/reference.ts';
import { keepSignatures, readSignatures } from '../../../src/runtime/images/signatures/kept.ts';
import { checkNotary } from '../../../src/runtime/images/signatures/notary/check.ts';
import { readDer, readOne, TAG } from '../../../src/runtime/images/signatures/notary/der.ts';
import { type RequirementText, readRequirement } from '../../../src/runtime/images/signatures/requirement.ts';
import type { NotarySigner } from '../../../src/runtime/images/signatures/types.ts';
import { verify } from '../../../src/runtime/images/signatures/verify.ts';
import { verifyImage } from '../../../src/runtime/images/verify-image.ts';
import {
  CA,
  COSE,
  envelope,
  type Issued,
  issue,
  JWS,
  type KeyKind,
  type Made,
  NOTARY,
  offerNotary,
  payloadOf,
} from '../../support/notary.ts';
import { ociLayout, sha256 } from '../../support/oci.ts';
import { FakeRegistry, noCredentials, TIMING } from '../../support/registry.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';

const DIGEST = sha256('image');
const SUBJECT = { repository: 'registry.example/team/app', digests: [DIGEST] };
const ACME = 'x509.subject: C=US, ST=WA, O=acme.example';
const AUTHORITY = { subject: '/C=US/ST=WA/O=acme.example/CN=root' };
const TYPES = [JWS, COSE] as const;

describe('signatures of the Notary Project', { timeout: 60_000 }, () => {
  let root: Issued;
  let leaf: Issued;
  let chain: Issued[];
  beforeAll(() => {
    root = issue(AUTHORITY);
    leaf = issue({}, root);
    chain = [leaf, root];
  });

  const wanted = (text: RequirementText = {}): RequirementText => ({
    'notary-root': [root.cert],
    'notary-identity': [ACME],
    'digest-only': true,
    ...text,
  });
  /** Why it is refused, or `accepted`. */
  function hold(mediaType: string, data: Buffer, text: RequirementText = wanted()): string {
    const [only] = verify(
      [{ format: 'notary', place: 'x', mediaType, envelope: data }],
      SUBJECT,
      readRequirement(text),
    );
    return only?.accepted === true ? 'accepted' : (only?.text ?? '');
  }
  const made = (type: typeof JWS | typeof COSE, change: Made = {}, by = chain) =>
    hold(type, envelope(type, DIGEST, by, change));

  describe.each(TYPES)('as %s', (type) => {
    it('count where the chain ends in a root that is given', () => {
      expect(made(type)).toBe('accepted');
      const other = issue(AUTHORITY);
      expect(made(type, {}, [issue({}, other), other])).toContain('no root that is trusted');
    });

    it('count through authorities between signer and root', () => {
      const middle = issue({ subject: '/C=US/ST=WA/O=acme.example/CN=middle', extensions: CA }, root);
      const signer = issue({}, middle);
      expect(made(type, {}, [signer, middle, root])).toBe('accepted');
      expect(made(type, {}, [signer, root])).toContain('not issued by');
      expect(made(type, {}, [signer, middle])).toContain('no root');
      expect(made(type, {}, [signer, root, middle])).toContain('not issued by');
      expect(made(type, {}, [signer, middle, root, root])).toContain('not the last one');
    });

    it.each<KeyKind>(['rsa:2048', 'rsa:3072', 'rsa:4096', 'P-384', 'P-521'])(
      'are made with a key of the kind %s',
      (kind) => {
        const signer = issue({ kind }, root);
        expect(made(type, {}, [signer, root])).toBe('accepted');
        const data = envelope(type, DIGEST, [signer, root], { by: issue({ kind }, root) });
        expect(hold(type, data)).toContain('not signed by its certificate');
      },
    );

    it('are of this image and nothing else', () => {
      expect(made(type, { payload: payloadOf(sha256('other')) })).toContain(sha256('other'));
      expect(made(type, { payload: Buffer.from('{}') })).not.toBe('accepted');
      expect(made(type, { payload: Buffer.from('no json') })).not.toBe('accepted');
    });

    it('name no repository, so that has to be accepted', () => {
      expect(hold(type, envelope(type, DIGEST, chain), wanted({ 'digest-only': false }))).toContain('digest-only');
    });

    it('are by somebody who was named', () => {
      const data = envelope(type, DIGEST, chain);
      const who = (...names: string[]) => hold(type, data, wanted({ 'notary-identity': names }));
      expect(who('*')).toBe('accepted');
      expect(who(`${ACME}, CN=builder`)).toBe('accepted');
      expect(who('x509.subject: C=US, ST=WA, O=other', ACME)).toBe('accepted');
      expect(who(`${ACME}, CN=other`)).toContain('acme.example, CN=builder');
      expect(who(`${ACME}, OU=none`)).not.toBe('accepted');
      const twice = issue({ subject: '/C=US/ST=WA/O=acme.example/O=other' }, root);
      expect(made(type, {}, [twice, root])).toContain('O twice');
      const comma = issue({ subject: '/C=US/ST=WA/O=acme.example, CN=builder' }, root);
      expect(hold(type, envelope(type, DIGEST, [comma, root]))).toContain('acme.example\\\\, CN=builder');
    });

    it.each([
      ['an authority', CA],
      ['no usage', ['extendedKeyUsage=codeSigning']],
      ['a usage that is not critical', ['keyUsage=digitalSignature']],
      ['another usage beside signing', ['keyUsage=critical,digitalSignature,keyEncipherment']],
      ['no signing', ['keyUsage=critical,nonRepudiation']],
      ['servers', ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=serverAuth']],
      ['anything', ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=anyExtendedKeyUsage']],
      ['timestamps', ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=timeStamping']],
    ])('count for nothing with a certificate for %s', (_, extensions) => {
      expect(made(type, {}, [issue({ extensions }, root), root])).toContain('the certificate of');
    });

    it.each([
      ['says nothing', []],
      ['is no authority by its own words', ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,keyCertSign']],
      ['is one, but not critically', ['basicConstraints=CA:TRUE', 'keyUsage=critical,keyCertSign']],
      ['does not sign certificates', ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,cRLSign']],
    ])('count for nothing where what issued the certificate %s', (_, extensions) => {
      const middle = issue({ subject: '/C=US/ST=WA/O=acme.example/CN=middle', extensions }, root);
      expect(made(type, {}, [issue({}, middle), middle, root])).toContain('the certificate of');
    });

    it('count for nothing with a critical extension that nobody here understands, such as a constraint of names', () => {
      const constrained = (critical: string) => [...CA, `nameConstraints=${critical}permitted;DNS:acme.example`];
      const subject = '/C=US/ST=WA/O=acme.example/CN=middle';
      const middle = issue({ subject, extensions: constrained('critical,') }, root);
      expect(made(type, {}, [issue({}, middle), middle, root])).toContain('2.5.29.30');
      const plain = issue({ subject, extensions: constrained('') }, root);
      expect(made(type, {}, [issue({}, plain), plain, root])).toBe('accepted');
    });

    it('count for nothing below more authorities than the root allows', () => {
      const short = issue({ ...AUTHORITY, extensions: ['basicConstraints=critical,CA:TRUE,pathlen:0', CA[1] ?? ''] });
      const middle = issue({ subject: '/CN=middle', extensions: CA }, short);
      const data = envelope(type, DIGEST, [issue({}, middle), middle, short]);
      expect(hold(type, data, wanted({ 'notary-root': [short.cert] }))).toContain('below it');
      const direct = envelope(type, DIGEST, [issue({}, short), short]);
      expect(hold(type, direct, wanted({ 'notary-root': [short.cert] }))).toBe('accepted');
    });

    it('count for nothing with weak keys and hashes', () => {
      expect(made(type, {}, [issue({ kind: 'rsa:1024' }, root), root])).toContain('1024');
      expect(made(type, {}, [issue({ hash: 'sha1' }, root), root])).toContain('algorithm');
    });

    it.each<[string, Made['headers']]>([
      ['an algorithm that is not that of the key', { alg: 'ES384' }],
      ['no algorithm', { alg: undefined }],
      ['the algorithm none', { alg: 'none' }],
      ['another type of payload', { cty: 'application/json' }],
      ['no type of payload', { cty: undefined }],
      ['nothing that is critical', { crit: undefined }],
      ['a scheme that is not critical', { crit: [] }],
      [
        'something critical that is unknown',
        { crit: ['io.cncf.notary.signingScheme', 'io.cncf.notary.verificationPlugin'], verificationPlugin: 'x' },
      ],
      ['something critical that is not there', { crit: ['io.cncf.notary.signingScheme', 'io.cncf.notary.expiry'] }],
      ['no scheme', { signingScheme: undefined }],
      ['an unknown scheme', { signingScheme: 'notary.x510' }],
      ['no time', { signingTime: undefined }],
      ['a time that is none', { signingTime: 'yesterday' }],
      ['the time of an authority', { authenticSigningTime: 1 }],
      ['an expiry that is not critical', { expiry: 4_000_000_000 }],
      [
        'an expiry before it was made',
        { expiry: 1000, crit: ['io.cncf.notary.signingScheme', 'io.cncf.notary.expiry'] },
      ],
    ])('count for nothing with %s', (_, headers) => {
      expect(made(type)).toBe('accepted');
      expect(made(type, { headers: headers ?? {} })).not.toBe('accepted');
    });

    it('expire, as do their certificates, and a timestamp of nobody who is trusted changes nothing', () => {
      const crit = ['io.cncf.notary.signingScheme', 'io.cncf.notary.expiry'];
      const now = Math.floor(Date.now() / 1000);
      const at = (hours: number, change: Made): string => {
        const data = envelope(type, DIGEST, chain, change);
        const [signer] = readRequirement(wanted()).signers as NotarySigner[];
        try {
          checkNotary(
            { format: 'notary', place: 'x', mediaType: type, envelope: data },
            SUBJECT,
            'digest-only',
            signer as NotarySigner,
            Date.now() + hours * 3_600_000,
          );
          return 'accepted';
        } catch (error) {
          return (error as Error).message;
        }
      };
      expect(at(0, { headers: { expiry: now + 3600, crit } })).toBe('accepted');
      expect(at(2, { headers: { expiry: now + 3600, crit } })).toContain('it expired');
      expect(at(47, {})).toBe('accepted');
      expect(at(49, {})).toContain('is valid from');
      expect(at(-2, {})).toContain('is valid from');
      const token = type === JWS ? 'AAAA' : Buffer.from([0, 0, 0]);
      expect(at(49, { unprotected: { 'io.cncf.notary.timestampSignature': token } })).toContain(
        'whose timestamps count',
      );
    });

    it('of a signing authority count by roots of signing authorities alone', () => {
      const headers = {
        signingScheme: 'notary.x509.signingAuthority',
        signingTime: undefined,
        authenticSigningTime: Math.floor(Date.now() / 1000) + 60,
        crit: ['io.cncf.notary.signingScheme', 'io.cncf.notary.authenticSigningTime'],
      };
      const data = envelope(type, DIGEST, chain, { headers });
      expect(hold(type, data)).toContain('signing authority');
      const text = { 'notary-authority-root': [root.cert] };
      expect(hold(type, data, wanted({ ...text, 'notary-root': [] }))).toBe('accepted');
      expect(hold(type, envelope(type, DIGEST, chain), wanted({ ...text, 'notary-root': [] }))).toContain(
        'for signers',
      );
      const early = envelope(type, DIGEST, chain, { headers: { ...headers, authenticSigningTime: 1000 } });
      expect(hold(type, early, wanted(text))).toContain('another time');
      const uncritical = envelope(type, DIGEST, chain, {
        headers: { ...headers, crit: ['io.cncf.notary.signingScheme'] },
      });
      expect(hold(type, uncritical, wanted(text))).toContain('critical');
    });

    it('are refused, not crashed on, whatever octet is changed or missing', () => {
      const data = envelope(type, DIGEST, chain);
      const requirement = readRequirement(wanted());
      const reasons: string[] = [];
      for (let i = 0; i < data.length; i += 7) {
        const changed = Buffer.from(data);
        changed[i] = (changed[i] ?? 0) ^ 0x21;
        for (const bytes of [changed, data.subarray(0, i)]) {
          const [only] = verify(
            [{ format: 'notary', place: 'x', mediaType: type, envelope: bytes }],
            SUBJECT,
            requirement,
          );
          if (only?.accepted === true) reasons.push(String(i));
        }
      }
      expect(reasons).toEqual([]);
    });
  });

  it('are refused where the certificate has a key of a kind that nobody knows, whoever issued it', () => {
    const [body] = readDer(readOne(leaf.der, TAG.sequence).value);
    const changed = Buffer.from(body?.raw ?? '');
    const oid = Buffer.from('06072a8648ce3d0201', 'hex');
    changed[changed.indexOf(oid) + oid.length - 1] = 0x77;
    const signature = sign('sha256', changed, readFileSync(root.key, 'utf8'));
    const wrap = (tag: number, value: Buffer) =>
      value.length < 0x80
        ? Buffer.concat([Buffer.from([tag, value.length]), value])
        : Buffer.concat([Buffer.from([tag, 0x82, value.length >> 8, value.length & 0xff]), value]);
    const algorithm = wrap(TAG.sequence, Buffer.from('06082a8648ce3d040302', 'hex'));
    const bits = wrap(TAG.bits, Buffer.concat([Buffer.from([0]), signature]));
    const der = wrap(TAG.sequence, Buffer.concat([changed, algorithm, bits]));
    const odd = { ...leaf, der };
    expect(made(JWS, { chain: [odd, root], by: leaf })).toContain('cannot be read');
  });

  it('are no COSE message without its tag, with a tail, or with a header twice', () => {
    const data = envelope(COSE, DIGEST, chain);
    expect(hold(COSE, data.subarray(1))).toContain('with its tag');
    expect(hold(COSE, Buffer.concat([data, Buffer.from([0])]))).toContain('malformed');
    const twice = Buffer.concat([Buffer.from([0xd2, 0x84, 0x45, 0xa2, 1, 0x26, 1, 0x26, 0xa0, 0x41, 0, 0x41, 0])]);
    expect(hold(COSE, twice)).toContain('malformed');
  });

  it('are asked for by their own kind of signer', () => {
    const data = envelope(JWS, DIGEST, chain);
    const key = join(temporaryDirectory(), 'key.pub');
    writeFileSync(key, new X509Certificate(leaf.der).publicKey.export({ type: 'spki', format: 'pem' }));
    expect(hold(JWS, data, { key: [key], 'digest-only': true })).toContain('nobody is wanted');
    expect(hold(JWS, data, wanted({ key: [key] }))).toBe('accepted');
  });

  it.each<[string, () => RequirementText, string]>([
    ['no identity', () => ({ 'notary-root': [root.cert] }), 'MISSING_ARGUMENT'],
    ['no root', () => ({ 'notary-identity': ['*'] }), 'MISSING_ARGUMENT'],
    ['a missing file', () => wanted({ 'notary-root': ['/nowhere.pem'] }), 'KEY_INVALID'],
    ['a private key', () => wanted({ 'notary-root': [root.key] }), 'KEY_INVALID'],
    ['a certificate of a signer', () => wanted({ 'notary-root': [leaf.cert] }), 'KEY_INVALID'],
    ['a damaged certificate', () => wanted({ 'notary-root': [damaged(root)] }), 'KEY_INVALID'],
    [
      'an identity without organisation',
      () => wanted({ 'notary-identity': ['x509.subject: C=US, ST=WA'] }),
      'INVALID_VALUE',
    ],
    ['an identity that is none', () => wanted({ 'notary-identity': ['acme'] }), 'INVALID_VALUE'],
    ['an attribute that is none', () => wanted({ 'notary-identity': [`${ACME}, X=y`] }), 'INVALID_VALUE'],
    ['an attribute twice', () => wanted({ 'notary-identity': [`${ACME}, O=y`] }), 'INVALID_VALUE'],
    ['an open escape', () => wanted({ 'notary-identity': [`${ACME}\\`] }), 'INVALID_VALUE'],
  ])('cannot be asked for with %s', async (_, text, code) => {
    expect(await codeOf(Promise.resolve().then(() => readRequirement(text())))).toBe(code);
  });

  const damaged = ({ cert }: Issued): string => {
    const path = join(temporaryDirectory(), 'damaged.pem');
    writeFileSync(path, readFileSync(cert, 'utf8').replace('MII', 'AAA'));
    return path;
  };

  describe.skipIf(noExtractor())('in a registry', () => {
    it.each([
      ['by their type', JWS, { artifactType: NOTARY }, 'accepted'],
      [
        'by the type of their config',
        COSE,
        { config: { mediaType: NOTARY, digest: sha256('{}'), size: 2 } },
        'accepted',
      ],
      [
        'unless they belong to another image',
        JWS,
        { artifactType: NOTARY, subject: { mediaType: 'x', digest: sha256('x'), size: 1 } },
        'none',
      ],
      ['unless they are something else', JWS, { artifactType: 'text/plain' }, 'none'],
    ] as const)('are found %s, and kept', async (_, type, change, expected) => {
      const registry = await FakeRegistry.start();
      const layout = ociLayout(join(temporaryDirectory(), 'layout'), {
        layers: [{ files: [{ path: 'a', data: 'a' }] }],
      });
      registry.publish(layout);
      offerNotary(registry, layout.digest, type, [envelope(type, layout.digest, chain)], change);
      const options = { timing: { ...TIMING, idle: 20_000 }, env: noCredentials() };
      const reference = parseReference(`${registry.host}/team/app:1`);
      const { outcomes } = await verifyImage(await openStore(), reference, readRequirement(wanted()), options);
      expect(outcomes.map(({ accepted, text }) => (accepted ? 'accepted' : text))).toEqual(
        expected === 'none' ? [] : [expected],
      );
    });
  });

  it('are kept beside the store as they were found', async () => {
    const state = temporaryDirectory();
    const candidate = {
      format: 'notary',
      place: 'x',
      mediaType: COSE,
      envelope: envelope(COSE, DIGEST, chain),
    } as const;
    await keepSignatures(state, DIGEST, [candidate]);
    expect(readSignatures(state, DIGEST)).toEqual([candidate]);
  });
});
