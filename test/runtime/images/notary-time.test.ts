// SPDX-License-Identifier: Apache-2.0
// Signatures of the Notary Project after their certificates have expired or were revoked; timestamps and lists are by openssl.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { decode, encode, Tagged } from 'cborg';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkNotary } from '../../../src/runtime/images/signatures/notary/check.ts';
import { checkTimestamp } from '../../../src/runtime/images/signatures/notary/timestamp.ts';
import { readToken } from '../../../src/runtime/images/signatures/notary/token.ts';
import { type RequirementText, readRequirement } from '../../../src/runtime/images/signatures/requirement.ts';
import type { NotarySigner } from '../../../src/runtime/images/signatures/types.ts';
import { CA, COSE, envelope, type Issued, issue, JWS, LEAF } from '../../support/notary.ts';
import { reissued, resigned, revocations, stamp, TSA } from '../../support/notary-time.ts';
import { sha256 } from '../../support/oci.ts';
import { codeOf, temporaryDirectory } from '../../support/store.ts';

const DIGEST = sha256('image');
const SUBJECT = { repository: 'registry.example/team/app', digests: [DIGEST] };
const HOUR = 3_600_000;
const NAME = '/C=US/ST=WA/O=acme.example';
const STAMP = 'io.cncf.notary.timestampSignature';
const REVOKER = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];

describe('signatures of the Notary Project, later', { timeout: 60_000 }, () => {
  let root: Issued;
  let middle: Issued;
  let leaf: Issued;
  let chain: Issued[];
  let clock: Issued;
  let clockRoot: Issued;
  beforeAll(async () => {
    root = issue({ subject: `${NAME}/CN=root`, extensions: REVOKER, days: 30 });
    middle = issue({ subject: `${NAME}/CN=middle`, extensions: REVOKER, days: 30 }, root);
    leaf = issue({}, middle);
    chain = [leaf, middle, root];
    clockRoot = issue({ subject: '/CN=clock root', extensions: CA, days: 30 });
    clock = issue({ subject: '/CN=clock', extensions: TSA, days: 30 }, clockRoot);
    // A timestamp is right to a second, and has to be of a time at which the certificates were valid whichever way it is wrong.
    await setTimeout(2_100);
  });

  /** What it is that a timestamp is made of. */
  const signatureOf = (type: string, data: Buffer): Buffer => {
    if (type === JWS) return Buffer.from((JSON.parse(String(data)) as { signature: string }).signature, 'base64url');
    const { value } = decode(data, { useMaps: true, tags: Tagged.preserve(18, 1) }) as { value: Uint8Array[] };
    return Buffer.from(value[3] ?? []);
  };
  const withToken = (type: typeof JWS | typeof COSE, token: Buffer, data: Buffer): Buffer => {
    if (type === COSE) return data;
    const json = JSON.parse(String(data)) as { header: object };
    return Buffer.from(JSON.stringify({ ...json, header: { ...json.header, [STAMP]: token.toString('base64') } }));
  };
  const text = (more: RequirementText = {}): RequirementText => ({
    'notary-root': [root.cert],
    'notary-identity': ['*'],
    'digest-only': true,
    'notary-timestamp-root': [clockRoot.cert],
    ...more,
  });
  function held(data: Buffer, hours: number, wanted = text(), mediaType: string = JWS): string {
    const [signer] = readRequirement(wanted).signers as NotarySigner[];
    try {
      const candidate = { format: 'notary', place: 'x', mediaType, envelope: data } as const;
      checkNotary(candidate, SUBJECT, 'digest-only', signer as NotarySigner, Date.now() + hours * HOUR);
      return 'accepted';
    } catch (error) {
      return (error as Error).message;
    }
  }
  const signed = () => envelope(JWS, DIGEST, chain);
  const stamped = (make: (signature: Buffer) => Buffer, data = signed()) =>
    withToken(JWS, make(signatureOf(JWS, data)), data);

  it('count when they were there before their certificates expired', () => {
    const data = stamped((signature) => stamp(signature, clock));
    expect(held(data, 0)).toBe('accepted');
    expect(held(data, 49)).toBe('accepted');
    expect(held(data, 49, text({ 'notary-timestamp-root': [] }))).toContain('whose timestamps count');
    expect(held(signed(), 49)).toContain('is valid from');
    // Nothing but time is forgiven.
    expect(held(data, 49, text({ 'notary-root': [issue({ subject: `${NAME}/CN=x` }).cert] }))).toContain('no root');
  });

  it('count as COSE as well', () => {
    // The timestamp is outside of what is signed, and ECDSA is not deterministic: sign once, then put it in.
    const data = envelope(COSE, DIGEST, chain);
    const token = stamp(signatureOf(COSE, data), clock);
    const message = decode(data, { useMaps: true, tags: Tagged.preserve(18, 1) }) as {
      value: [unknown, Map<unknown, unknown>];
    };
    message.value[1].set(STAMP, token);
    const again = Buffer.from(encode(new Tagged(18, message.value)));
    expect(held(again, 49, text(), COSE)).toBe('accepted');
    expect(held(data, 49, text(), COSE)).toContain('is valid from');
  });

  it.each<[string, Parameters<typeof issue>[0], object]>([
    ['RSA', { kind: 'rsa:2048' }, {}],
    ['P-384 and SHA-512', { kind: 'P-384' }, { lines: ['signer_digest = sha512'], hash: 'sha512' }],
    ['the older way to name a certificate', {}, { lines: ['ess_cert_id_alg = sha1'] }],
  ])('count by clocks with %s', (_, wanted, options) => {
    const one = issue({ subject: '/CN=clock', extensions: TSA, days: 30, ...wanted }, clockRoot);
    expect(
      held(
        stamped((signature) => stamp(signature, one, options)),
        49,
      ),
    ).toBe('accepted');
  });

  it('count through authorities between clock and root', () => {
    const between = issue({ subject: '/CN=between', extensions: CA, days: 30 }, clockRoot);
    const one = issue({ subject: '/CN=clock', extensions: TSA, days: 30 }, between);
    expect(
      held(
        stamped((signature) => stamp(signature, one, { chain: [between] })),
        49,
      ),
    ).toBe('accepted');
    expect(
      held(
        stamped((signature) => stamp(signature, one)),
        49,
      ),
    ).toContain('leads to no root');
  });

  it('count for nothing by a clock that nobody trusts, or that is none', () => {
    const by = (one: Issued) =>
      held(
        stamped((signature) => stamp(signature, one)),
        49,
      );
    expect(by(issue({ subject: '/CN=clock', extensions: TSA }, issue({ subject: '/CN=clock root' })))).toContain(
      'leads to no root',
    );
    const made = (extensions: readonly string[]) => issue({ subject: '/CN=clock', extensions, days: 30 }, clockRoot);
    expect(by(made([TSA[0] ?? '', 'extendedKeyUsage=critical,timeStamping']))).toBe('accepted');
    const own = 'keyUsage=critical,digitalSignature';
    for (const extensions of [
      LEAF,
      [own, 'extendedKeyUsage=timeStamping'],
      [own, 'extendedKeyUsage=critical,timeStamping,codeSigning'],
      [own],
      ['keyUsage=critical,nonRepudiation', TSA[1] ?? ''],
      ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,digitalSignature', TSA[1] ?? ''],
    ]) {
      const one = made(extensions);
      const forged = stamped((signature) => resigned(readToken(stamp(signature, clock)).content, one));
      expect(held(forged, 49), extensions.join()).toContain('is not for timestamps');
    }
    // In this way everything else holds.
    expect(
      held(
        stamped((signature) => resigned(readToken(stamp(signature, clock)).content, clock)),
        49,
      ),
    ).toBe('accepted');
  });

  it('count for nothing by a clock whose certificate was not valid then, or is another one', () => {
    const expired = issue({ subject: '/CN=clock', extensions: TSA, days: -1 }, clockRoot);
    const late = stamped((signature) => resigned(readToken(stamp(signature, clock)).content, expired));
    expect(held(late, 49)).toContain('made a timestamp at another time');
    // The same name, number and key.
    const [one, two] = [reissued(clock, clockRoot, 5), reissued(clock, clockRoot, 6)];
    const [seen, roots] = [Buffer.from('x'), [clockRoot.der, two.der]];
    const token = stamp(seen, one, { bare: true });
    expect(() => checkTimestamp(token, seen, { name: '', certificates: roots })).toThrow('names another certificate');
    expect(() => checkTimestamp(token, seen, { name: '', certificates: [clockRoot.der] })).toThrow('is missing');
    expect(checkTimestamp(token, seen, { name: '', certificates: [clockRoot.der, one.der] }).to).toBeGreaterThan(0);
  });

  it('count for nothing when the timestamp is of another signature', () => {
    expect(
      held(
        stamped(() => stamp(signatureOf(JWS, signed()), clock)),
        49,
      ),
    ).toContain('of another signature');
  });

  it('count for nothing when any byte of the timestamp was changed', () => {
    const data = signed();
    const seen = signatureOf(JWS, data);
    const token = stamp(seen, clock);
    const roots = { name: '', certificates: [clockRoot.der] };
    const before = checkTimestamp(token, seen, roots);
    const changed: number[] = [];
    for (let i = 0; i < token.length; i++) {
      const other = Buffer.from(token);
      other[i] = (other[i] ?? 0) ^ 1;
      try {
        const after = checkTimestamp(other, seen, roots);
        // What is not signed may change, what is said may not.
        if (after.from !== before.from || after.to !== before.to) changed.push(i);
      } catch {
        // Refused.
      }
    }
    expect(changed).toEqual([]);
    for (let length = 0; length < token.length; length += 7)
      expect(() => checkTimestamp(token.subarray(0, length), seen, roots)).toThrow('timestamp');
  });

  it('count for nothing when they were made after their certificates had expired, as exactly as the clock is', () => {
    const data = signed();
    const seen = signatureOf(JWS, data);
    const sloppy = withToken(JWS, stamp(seen, clock, { lines: ['accuracy = secs:200000'] }), data);
    expect(held(sloppy, 49)).toContain('its timestamp is of another time');
    const exact = withToken(JWS, stamp(seen, clock), data);
    // When the clock's own certificates have expired, what it said then is still true.
    expect(held(exact, 24 * 40)).toBe('accepted');
  });

  it('are refused when a certificate was revoked', () => {
    const lists = (...paths: string[]) => held(signed(), 0, text({ 'notary-crl': paths }));
    const [good, own] = [revocations(root, []), revocations(middle, [])];
    expect(lists(good, own)).toBe('accepted');
    expect(lists(revocations(root, [], { der: true }), revocations(middle, [issue({}, middle)], { der: true }))).toBe(
      'accepted',
    );
    expect(lists(good, revocations(middle, [leaf]))).toContain('was revoked');
    expect(lists(revocations(root, [middle]), own)).toContain('was revoked');
    expect(lists(good, own, revocations(middle, [leaf]))).toContain('was revoked');
  });

  it('are refused when nothing says whether one was', () => {
    const lists = (hours: number, ...paths: string[]) => held(signed(), hours, text({ 'notary-crl': paths }));
    const [good, own] = [revocations(root, []), revocations(middle, [])];
    expect(lists(0, good)).toContain('no list of its authority');
    expect(lists(25, good, own)).toContain('counted until');
    expect(lists(-1, good, own)).not.toBe('accepted');
    // One of the same name, and of another key.
    const impostor = issue({ subject: `${NAME}/CN=middle`, extensions: REVOKER }, root);
    expect(lists(0, good, revocations(impostor, []))).toContain('no list of its authority');
    // One who may sign certificates, and no lists.
    const mute = issue({ subject: `${NAME}/CN=mute`, extensions: CA }, root);
    const signer = issue({}, mute);
    const data = envelope(JWS, DIGEST, [signer, mute, root]);
    expect(held(data, 0, text({ 'notary-crl': [good, revocations(mute, [])] }))).toContain('no list of its authority');
  });

  it('are held against lists of all certificates only', async () => {
    const some = revocations(middle, [], {
      extensions: ['issuingDistributionPoint = critical, @idp', '[idp]', 'onlyuser = TRUE'],
    });
    expect(await codeOf(() => readRequirement(text({ 'notary-crl': [some] })))).toBe('KEY_INVALID');
    const file = join(temporaryDirectory(), 'crl');
    for (const content of ['', 'x', '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n']) {
      writeFileSync(file, content);
      expect(await codeOf(() => readRequirement(text({ 'notary-crl': [file] })))).toBe('KEY_INVALID');
    }
    expect(await codeOf(() => readRequirement(text({ 'notary-crl': ['/nowhere/crl'] })))).toBe('KEY_INVALID');
  });
});
