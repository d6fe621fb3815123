// SPDX-License-Identifier: Apache-2.0
// A signer of the Notary Project: certificates by openssl, envelopes by node:crypto, written from the specification.
import { execFileSync } from 'node:child_process';
import { constants, createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode, Tagged } from 'cborg';
import { afterAll } from 'vitest';
import { sha256 } from './oci.ts';
import { type FakeRegistry, INDEX, MANIFEST, send } from './registry.ts';

export const NOTARY = 'application/vnd.cncf.notary.signature';
export const JWS = 'application/jose+json';
export const COSE = 'application/cose';
const PAYLOAD = 'application/vnd.cncf.notary.payload.v1+json';
const PREFIX = 'io.cncf.notary.';

export const CA = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign'];
export const LEAF = ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=codeSigning'];
export const SUBJECT = '/C=US/ST=WA/O=acme.example/CN=builder';
export type KeyKind = 'rsa:1024' | 'rsa:2048' | 'rsa:3072' | 'rsa:4096' | 'P-256' | 'P-384' | 'P-521';

const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: ['ignore', 'pipe', 'pipe'] });

export interface Issued {
  readonly cert: string;
  readonly key: string;
  readonly der: Buffer;
}

export interface Wanted {
  readonly subject?: string;
  readonly extensions?: readonly string[];
  readonly kind?: KeyKind;
  readonly days?: number;
  readonly hash?: string;
}

let count = 0;
const root = mkdtempSync(join(tmpdir(), 'secure-notary-test-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A certificate; by itself where nobody issues it. */
export function issue(wanted: Wanted = {}, by?: Issued): Issued {
  const {
    subject = SUBJECT,
    extensions = by === undefined ? CA : LEAF,
    kind = 'P-256',
    days = 2,
    hash = 'sha256',
  } = wanted;
  const directory = join(root, String(count++));
  mkdirSync(directory);
  const path = (name: string) => join(directory, name);
  const algorithm = kind.startsWith('rsa')
    ? ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${kind.slice(4)}`]
    : ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${kind}`];
  openssl('genpkey', ...algorithm, '-out', path('key'));
  writeFileSync(path('ext'), `${extensions.join('\n')}\n`);
  writeFileSync(path('conf'), '[req]\ndistinguished_name=dn\n[dn]\n');
  openssl('req', '-new', '-config', path('conf'), '-key', path('key'), '-subj', subject, '-out', path('csr'));
  const issuer = by === undefined ? ['-signkey', path('key')] : ['-CA', by.cert, '-CAkey', by.key, '-CAcreateserial'];
  const extra = extensions.length === 0 ? [] : ['-extfile', path('ext')];
  openssl(
    'x509',
    '-req',
    '-in',
    path('csr'),
    ...issuer,
    ...extra,
    `-${hash}`,
    '-days',
    `${days}`,
    '-out',
    path('cert'),
  );
  return { cert: path('cert'), key: path('key'), der: new X509Certificate(readFileSync(path('cert'))).raw };
}

export interface Made {
  /** Changes to the protected headers, by their names after the prefix, or whole; undefined removes one. */
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly payload?: Buffer;
  readonly chain?: readonly Issued[];
  readonly algorithm?: string;
  /** Signed by this key instead of that of the first certificate. */
  readonly by?: Issued;
  readonly unprotected?: Readonly<Record<string, unknown>>;
}

const COSE_ALGORITHMS: Readonly<Record<string, number>> = {
  PS256: -37,
  PS384: -38,
  PS512: -39,
  ES256: -7,
  ES384: -35,
  ES512: -36,
};
const CURVES: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

function algorithmOf(key: KeyObject): string {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  return CURVES[namedCurve ?? ''] ?? { 3072: 'PS384', 4096: 'PS512' }[modulusLength] ?? 'PS256';
}

function signature(key: KeyObject, data: Buffer): Buffer {
  const algorithm = algorithmOf(key);
  const hash = `sha${algorithm.slice(2)}`;
  if (algorithm.startsWith('ES')) return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' });
  return sign(hash, data, {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: Number(algorithm.slice(2)) / 8,
  });
}

export const payloadOf = (digest: string): Buffer =>
  Buffer.from(JSON.stringify({ targetArtifact: { mediaType: MANIFEST, digest, size: 1 } }));

/** An envelope about a digest. */
export function envelope(
  type: typeof JWS | typeof COSE,
  digest: string,
  chain: readonly Issued[],
  made: Made = {},
): Buffer {
  const key = createPrivateKey(readFileSync((made.by ?? (chain[0] as Issued)).key));
  const now = Math.floor(Date.now() / 1000);
  const headers: Record<string, unknown> = {
    signingScheme: 'notary.x509',
    signingTime: now,
    crit: [`${PREFIX}signingScheme`],
    cty: PAYLOAD,
    alg: made.algorithm ?? algorithmOf(key),
    ...made.headers,
  };
  const named = Object.entries(headers).filter(([, value]) => value !== undefined);
  const certificates = (made.chain ?? chain).map(({ der }) => der);
  const payload = made.payload ?? payloadOf(digest);
  const own = (name: string) => (['crit', 'cty', 'alg'].includes(name) ? name : `${PREFIX}${name}`);
  if (type === JWS) {
    const text = (value: unknown) =>
      typeof value === 'number' ? `${new Date(value * 1000).toISOString().slice(0, 19)}Z` : value;
    const head = Buffer.from(
      JSON.stringify(Object.fromEntries(named.map(([name, value]) => [own(name), text(value)]))),
    );
    const signed = `${head.toString('base64url')}.${payload.toString('base64url')}`;
    return Buffer.from(
      JSON.stringify({
        payload: payload.toString('base64url'),
        protected: head.toString('base64url'),
        header: { x5c: certificates.map((der) => der.toString('base64')), ...made.unprotected },
        signature: signature(key, Buffer.from(signed)).toString('base64url'),
      }),
    );
  }
  const label = (name: string) => ({ alg: 1, crit: 2, cty: 3 })[name] ?? own(name);
  const coded = (name: string, value: unknown) => {
    if (name === 'alg') return COSE_ALGORITHMS[String(value)] ?? value;
    return typeof value === 'number' ? new Tagged(1, value) : value;
  };
  const head = encode(new Map(named.map(([name, value]) => [label(name), coded(name, value)])));
  const signed = Buffer.from(encode(['Signature1', head, new Uint8Array(), payload]));
  const unprotected = new Map<unknown, unknown>([[33, certificates], ...Object.entries(made.unprotected ?? {})]);
  return Buffer.from(encode(new Tagged(18, [head, unprotected, payload, signature(key, signed)])));
}

/** Offer signatures of an image as notation does where the registry has no referrers API. */
export function offerNotary(
  registry: FakeRegistry,
  digest: string,
  type: string,
  envelopes: readonly Buffer[],
  change: object = { artifactType: NOTARY },
): void {
  const manifests = envelopes.map((data) => {
    registry.routes.set(registry.blobPath(sha256(data)), send(200, data));
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: sha256('{}'), size: 2 },
        layers: [{ mediaType: type, digest: sha256(data), size: data.length }],
        subject: { mediaType: MANIFEST, digest, size: 1 },
        ...change,
      }),
    );
    registry.manifest(sha256(manifest), manifest, MANIFEST);
    return { mediaType: MANIFEST, digest: sha256(manifest), size: manifest.length, artifactType: NOTARY };
  });
  registry.manifest(digest.replace(':', '-'), JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }), INDEX);
}
