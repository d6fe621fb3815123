// SPDX-License-Identifier: Apache-2.0
// Signed images on a registry: keys and signatures by openssl, identities by @sigstore/mock, so that what is verified was made by others.
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initializeCA, initializeCTLog, initializeTLog } from '@sigstore/mock';
import { sha256 } from './oci.ts';
import { type FakeRegistry, INDEX, MANIFEST, send } from './registry.ts';
import { temporaryDirectory } from './store.ts';

export const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
export const SIMPLE = 'application/vnd.dev.cosign.simplesigning.v1+json';
const ISSUER_OID = '1.3.6.1.4.1.57264.1.8';
export const ISSUER = 'https://accounts.example';

const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: ['ignore', 'pipe', 'pipe'] });

export type Kind = 'P-256' | 'P-384' | 'ed25519' | 'rsa';
const GENERATE: Readonly<Record<Kind, string[]>> = {
  'P-256': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'P-384': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  ed25519: ['-algorithm', 'ED25519'],
  rsa: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
};

/** A key of openssl. */
export class Key {
  readonly #directory = temporaryDirectory();
  /** Path of the private key. */
  readonly secret = join(this.#directory, 'key');
  readonly #kind: Kind;
  /** Path of the public key. */
  readonly path = join(this.#directory, 'key.pub');

  constructor(kind: Kind = 'P-256') {
    this.#kind = kind;
    openssl('genpkey', ...GENERATE[kind], '-out', this.secret);
    openssl('pkey', '-in', this.secret, '-pubout', '-out', this.path);
  }

  sign(data: Buffer): Buffer {
    const file = join(this.#directory, 'data');
    writeFileSync(file, data);
    const raw = ['pkeyutl', '-sign', '-inkey', this.secret, '-rawin', '-in', file];
    return this.#kind === 'ed25519' ? openssl(...raw) : openssl('dgst', '-sha256', '-sign', this.secret, file);
  }
}

export function simple(repository: string, digest: string, type = 'cosign container image signature'): Buffer {
  const image = { 'docker-manifest-digest': digest };
  return Buffer.from(
    JSON.stringify({ critical: { identity: { 'docker-reference': repository }, image, type }, optional: {} }),
  );
}

export function statement(
  repository: string | undefined,
  digest: string,
  predicateType = 'https://sigstore.dev/cosign/sign/v1',
  predicate: object = {},
): Buffer {
  const name = repository === undefined ? {} : { name: repository };
  const subject = [{ ...name, digest: { sha256: digest.slice('sha256:'.length) } }];
  return Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate }));
}

const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
/** What a DSSE signature is of (secure-systems-lab/dsse protocol.md). */
export const encoded = (payload: Buffer, type = PAYLOAD_TYPE) =>
  Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);

export function keyedBundle(payload: Buffer, signature: Buffer): Buffer {
  return Buffer.from(
    JSON.stringify({
      mediaType: BUNDLE,
      verificationMaterial: { publicKey: { hint: 'aGludA==' }, tlogEntries: [] },
      dsseEnvelope: {
        payload: payload.toString('base64'),
        payloadType: PAYLOAD_TYPE,
        signatures: [{ sig: signature.toString('base64') }],
      },
    }),
  );
}

const pem = (der: Uint8Array) =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;

/** An instance of sigstore of its own: authority, log of certificates, log of signatures. */
export class Sigstore {
  readonly #ca: Awaited<ReturnType<typeof initializeCA>>;
  readonly #log: Awaited<ReturnType<typeof initializeTLog>>;
  /** Its trusted root, as JSON. */
  readonly root: { tlogs: { publicKey: { validFor: object } }[] } & Record<string, unknown>;

  private constructor(
    ca: Awaited<ReturnType<typeof initializeCA>>,
    log: Awaited<ReturnType<typeof initializeTLog>>,
    root: Sigstore['root'],
  ) {
    [this.#ca, this.#log, this.root] = [ca, log, root];
  }

  static async create(): Promise<Sigstore> {
    const pair = (): { publicKey: KeyObject; privateKey: KeyObject } =>
      generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const ct = await initializeCTLog(pair());
    const ca = await initializeCA(pair(), ct);
    const log = await initializeTLog('https://rekor.example', pair());
    const base64 = (data: ArrayBufferView | Uint8Array) =>
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
    const since = { start: new Date(Date.now() - 3_600_000).toISOString() };
    const instance = (publicKey: Buffer, baseUrl: string) => ({
      baseUrl,
      hashAlgorithm: 'SHA2_256',
      publicKey: { rawBytes: base64(publicKey), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: since },
      logId: { keyId: createHash('sha256').update(publicKey).digest('base64') },
    });
    const authority = {
      uri: 'https://fulcio.example',
      certChain: { certificates: [{ rawBytes: base64(ca.rootCertificate) }] },
      validFor: since,
    };
    return new Sigstore(ca, log, {
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: [instance(log.publicKey, 'https://rekor.example')],
      ctlogs: [instance(ct.publicKey, 'https://ct.example')],
      certificateAuthorities: [authority],
      timestampAuthorities: [],
    });
  }

  async #certificate(name: string): Promise<{ der: Buffer; privateKey: KeyObject }> {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const der = await this.#ca.issueCertificate({
      publicKey: publicKey.export({ type: 'spki', format: 'der' }) as Buffer<ArrayBuffer>,
      subjectAltName: name,
      extensions: [{ oid: ISSUER_OID, value: ISSUER }],
    });
    return { der: Buffer.from(der.buffer, der.byteOffset, der.byteLength), privateKey };
  }

  /** Annotations of a cosign signature of `payload` by a name. */
  async cosign(payload: Buffer, name: string): Promise<Record<string, string>> {
    const { der, privateKey } = await this.#certificate(name);
    const signature = sign('sha256', payload, privateKey).toString('base64');
    const logged = await this.#log.log({
      apiVersion: '0.0.1',
      kind: 'hashedrekord',
      spec: {
        data: { hash: { algorithm: 'sha256', value: createHash('sha256').update(payload).digest('hex') } },
        signature: { content: signature, publicKey: { content: Buffer.from(pem(der)).toString('base64') } },
      },
    });
    const [entry] = Object.values(logged) as unknown as {
      body: string;
      integratedTime: number;
      logIndex: number;
      logID: string;
      verification: { signedEntryTimestamp: string };
    }[];
    if (entry === undefined) throw new Error('nothing was logged');
    const { body, integratedTime, logIndex, logID, verification } = entry;
    return {
      'dev.cosignproject.cosign/signature': signature,
      'dev.sigstore.cosign/certificate': pem(der),
      'dev.sigstore.cosign/bundle': JSON.stringify({
        SignedEntryTimestamp: verification.signedEntryTimestamp,
        Payload: { body, integratedTime, logIndex, logID },
      }),
    };
  }

  /** A bundle of a statement by a name. */
  async bundle(payload: Buffer, name: string): Promise<Buffer> {
    const { der, privateKey } = await this.#certificate(name);
    const signature = sign('sha256', encoded(payload), privateKey).toString('base64');
    const logged = await this.#log.log({
      apiVersion: '0.0.1',
      kind: 'dsse',
      spec: {
        envelopeHash: { algorithm: 'sha256', value: '00' },
        payloadHash: { algorithm: 'sha256', value: createHash('sha256').update(payload).digest('hex') },
        signatures: [{ signature, verifier: Buffer.from(pem(der)).toString('base64') }],
      },
    });
    const [entry] = Object.values(logged) as unknown as {
      body: string;
      integratedTime: number;
      logIndex: number;
      logID: string;
      verification: { signedEntryTimestamp: string; inclusionProof: { checkpoint: string; rootHash: string } };
    }[];
    if (entry === undefined) throw new Error('nothing was logged');
    const { inclusionProof, signedEntryTimestamp } = entry.verification;
    return Buffer.from(
      JSON.stringify({
        mediaType: BUNDLE,
        verificationMaterial: {
          certificate: { rawBytes: der.toString('base64') },
          tlogEntries: [
            {
              logIndex: String(entry.logIndex),
              logId: { keyId: Buffer.from(entry.logID, 'hex').toString('base64') },
              kindVersion: { kind: 'dsse', version: '0.0.1' },
              integratedTime: String(entry.integratedTime),
              inclusionPromise: { signedEntryTimestamp },
              inclusionProof: {
                logIndex: '0',
                rootHash: Buffer.from(inclusionProof.rootHash, 'hex').toString('base64'),
                treeSize: '1',
                hashes: [],
                checkpoint: { envelope: inclusionProof.checkpoint },
              },
              canonicalizedBody: entry.body,
            },
          ],
        },
        dsseEnvelope: {
          payload: payload.toString('base64'),
          payloadType: PAYLOAD_TYPE,
          signatures: [{ sig: signature }],
        },
      }),
    );
  }

  /** Path of a file with its trusted root. */
  rootFile(root: object = this.root): string {
    const path = join(temporaryDirectory(), 'trusted_root.json');
    writeFileSync(path, JSON.stringify(root));
    return path;
  }
}

const tagOf = (digest: string) => digest.replace(':', '-');

function blob(registry: FakeRegistry, data: Buffer): { digest: string; size: number } {
  registry.routes.set(registry.blobPath(sha256(data)), send(200, data));
  return { digest: sha256(data), size: data.length };
}

const EMPTY = { mediaType: 'application/vnd.oci.empty.v1+json', digest: sha256('{}'), size: 2 };

/** Offer signatures of an image as cosign 2 does. */
export function offerCosign(
  registry: FakeRegistry,
  digest: string,
  signatures: readonly { payload: Buffer; annotations: Record<string, string> }[],
): void {
  const layers = signatures.map(({ payload, annotations }) => ({
    mediaType: SIMPLE,
    ...blob(registry, payload),
    annotations,
  }));
  registry.manifest(
    `${tagOf(digest)}.sig`,
    JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: EMPTY, layers }),
    MANIFEST,
  );
}

/** Offer attestations of an image as cosign 2 does. */
export function offerAttestations(
  registry: FakeRegistry,
  digest: string,
  attestations: readonly { envelope: Buffer; annotations: Record<string, string> }[],
): void {
  const layers = attestations.map(({ envelope, annotations }) => ({
    mediaType: 'application/vnd.dsse.envelope.v1+json',
    ...blob(registry, envelope),
    annotations,
  }));
  const manifest = { schemaVersion: 2, mediaType: MANIFEST, config: EMPTY, layers };
  registry.manifest(`${tagOf(digest)}.att`, JSON.stringify(manifest), MANIFEST);
}

/** Envelope and annotations, as cosign 2 has them, of what a bundle has in one. */
export function taken(bundle: Buffer): { envelope: Buffer; annotations: Record<string, string> } {
  const { dsseEnvelope, verificationMaterial } = JSON.parse(String(bundle)) as {
    dsseEnvelope: object;
    verificationMaterial: {
      certificate?: { rawBytes: string };
      tlogEntries: {
        canonicalizedBody: string;
        integratedTime: string;
        logIndex: string;
        logId: { keyId: string };
        inclusionPromise: { signedEntryTimestamp: string };
      }[];
    };
  };
  const envelope = Buffer.from(JSON.stringify(dsseEnvelope));
  const [entry] = verificationMaterial.tlogEntries;
  const { certificate } = verificationMaterial;
  if (entry === undefined || certificate === undefined) return { envelope, annotations: {} };
  const annotations = {
    'dev.sigstore.cosign/certificate': pem(Buffer.from(certificate.rawBytes, 'base64')),
    'dev.sigstore.cosign/bundle': JSON.stringify({
      SignedEntryTimestamp: entry.inclusionPromise.signedEntryTimestamp,
      Payload: {
        body: entry.canonicalizedBody,
        integratedTime: Number(entry.integratedTime),
        logIndex: Number(entry.logIndex),
        logID: Buffer.from(entry.logId.keyId, 'base64').toString('hex'),
      },
    }),
  };
  return { envelope, annotations };
}

/** Offer bundles of an image as cosign 3 does where the registry has no referrers API. */
export function offerBundles(
  registry: FakeRegistry,
  digest: string,
  bundles: readonly Buffer[],
  change: object = {},
): void {
  const manifests = bundles.map((bundle) => {
    const layers = [{ mediaType: BUNDLE, ...blob(registry, bundle) }];
    const subject = { mediaType: MANIFEST, digest, size: 1 };
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST,
        artifactType: BUNDLE,
        config: EMPTY,
        layers,
        subject,
        ...change,
      }),
    );
    registry.manifest(sha256(manifest), manifest, MANIFEST);
    return { mediaType: MANIFEST, digest: sha256(manifest), size: manifest.length, artifactType: BUNDLE };
  });
  registry.manifest(tagOf(digest), JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }), INDEX);
}

export const readKey = (key: Key) => readFileSync(key.path, 'utf8');
