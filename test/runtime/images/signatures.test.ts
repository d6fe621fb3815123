// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseReference } from '../../../src/runtime/images/reference.ts';
import { type RequirementText, readRequirement } from '../../../src/runtime/images/signatures/requirement.ts';
import { requireOne } from '../../../src/runtime/images/signatures/verify.ts';
import { type Verified, verifyImage } from '../../../src/runtime/images/verify-image.ts';
import { type Layout, ociLayout, sha256 } from '../../support/oci.ts';
import { FakeRegistry, INDEX, noCredentials, send, TIMING } from '../../support/registry.ts';
import {
  encoded,
  ISSUER,
  Key,
  type Kind,
  keyedBundle,
  offerBundles,
  offerCosign,
  readKey,
  Sigstore,
  simple,
  statement,
} from '../../support/signatures.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';

const SIGNATURE = 'dev.cosignproject.cosign/signature';

describe.skipIf(noExtractor())('signatures of an image', { timeout: 60_000 }, () => {
  let registry: FakeRegistry;
  let layout: Layout;
  let repository = '';
  let key: Key;
  beforeEach(async () => {
    key = new Key();
    registry = await FakeRegistry.start();
    repository = `${registry.host}/team/app`;
    layout = ociLayout(join(temporaryDirectory(), 'layout'), { layers: [{ files: [{ path: 'a', data: 'a' }] }] });
    registry.publish(layout);
  });

  async function look(text: RequirementText, reference = `${repository}:1`): Promise<Verified> {
    const store = await openStore();
    return verifyImage(store, parseReference(reference), readRequirement(text), {
      timing: { ...TIMING, idle: 20_000 },
      env: noCredentials(),
    });
  }
  /** Code of the refusal, or what accepted it. */
  async function verdict(text: RequirementText, reference?: string): Promise<string> {
    const verified = await look(text, reference);
    const accepted = verified.outcomes.find((outcome) => outcome.accepted);
    return (
      accepted?.text ??
      (await codeOf(Promise.resolve().then(() => requireOne(verified.outcomes, verified.image, readRequirement(text)))))
    );
  }
  const why = async (text: RequirementText) => (await look(text)).outcomes.map((outcome) => outcome.text).join('\n');
  const cosign = (payload: Buffer, by = key, of = payload) => {
    const signature = by.sign(of).toString('base64');
    offerCosign(registry, layout.digest, [{ payload, annotations: { [SIGNATURE]: signature } }]);
  };
  const bundle = (payload: Buffer, by = key) =>
    offerBundles(registry, layout.digest, [keyedBundle(payload, by.sign(encoded(payload)))]);

  it('are missing where there is none', async () => {
    expect(await verdict({ key: [key.path] })).toBe('SIGNATURE_MISSING');
  });

  it('cannot be asked for where the registry is out of order: that is not the same as none', async () => {
    registry.routes.set(registry.manifestPath(`${layout.digest.replace(':', '-')}.sig`), send(500, ''));
    expect(await codeOf(look({ key: [key.path] }))).toBe('REGISTRY_UNREACHABLE');
  });

  describe('as cosign 2 keeps them', () => {
    it.each<Kind>(['P-256', 'P-384', 'ed25519', 'rsa'])('made with a key of the kind %s', async (kind) => {
      const by = new Key(kind);
      cosign(simple(repository, layout.digest), by);
      expect(await verdict({ key: [by.path] })).toContain(by.path);
      expect(await verdict({ key: [key.path] })).toBe('SIGNATURE_INVALID');
      expect(await verdict({ key: [key.path, by.path] })).toContain(by.path);
    });

    it('count for nothing when the payload was changed', async () => {
      const payload = simple(repository, layout.digest);
      cosign(payload, key, simple(repository, sha256('other')));
      expect(await verdict({ key: [key.path] })).toBe('SIGNATURE_INVALID');
    });

    it('count for nothing when they are of another image, moved here', async () => {
      cosign(simple(repository, sha256('other')));
      expect(await verdict({ key: [key.path], 'digest-only': true })).toBe('SIGNATURE_INVALID');
      expect(await why({ key: [key.path] })).toContain(sha256('other'));
    });

    it('count for another repository only where that was asked for', async () => {
      cosign(simple('registry.example/other', layout.digest));
      expect(await verdict({ key: [key.path] })).toBe('SIGNATURE_INVALID');
      expect(await why({ key: [key.path] })).toContain('registry.example/other');
      expect(await verdict({ key: [key.path], 'digest-only': true })).toContain(key.path);
    });

    it('are no signatures of something else', async () => {
      cosign(simple(repository, layout.digest, 'atomic container signature'));
      expect(await verdict({ key: [key.path] })).toBe('SIGNATURE_INVALID');
    });

    it.each([
      ['no JSON', Buffer.from('{')],
      ['nothing critical', Buffer.from('{}')],
      ['no text', Buffer.from([0xff, 0xfe])],
    ])('and hold %s are refused, not crashed on', async (_, payload) => {
      cosign(payload);
      expect(await verdict({ key: [key.path] })).toBe('SIGNATURE_INVALID');
    });

    it.each([
      ['no', undefined],
      ['an empty', ''],
      ['a short', 'AAAA'],
      ['an unreadable', '%%%'],
      ['a long', Buffer.alloc(5000).toString('base64')],
    ])('with %s signature are refused', async (_, signature) => {
      const annotations = signature === undefined ? {} : { [SIGNATURE]: signature };
      offerCosign(registry, layout.digest, [
        { payload: simple(repository, layout.digest), annotations: annotations as Record<string, string> },
      ]);
      expect(await verdict({ key: [key.path] })).toBe('SIGNATURE_INVALID');
    });

    it('one good one among others is enough', async () => {
      const [good, bad] = [simple(repository, layout.digest), simple(repository, sha256('x'))];
      const sign = (payload: Buffer, by: Key) => ({
        payload,
        annotations: { [SIGNATURE]: by.sign(payload).toString('base64') },
      });
      offerCosign(registry, layout.digest, [sign(bad, key), sign(good, new Key()), sign(good, key)]);
      const { outcomes } = await look({ key: [key.path] });
      expect(outcomes.map(({ accepted }) => accepted)).toEqual([false, false, true]);
    });

    it('of the index that the image was chosen from count for the image', async () => {
      const index = JSON.stringify({
        schemaVersion: 2,
        mediaType: INDEX,
        manifests: [
          {
            mediaType: 'application/vnd.oci.image.manifest.v1+json',
            digest: layout.digest,
            size: 0,
            platform: { os: 'linux', architecture: 'amd64' },
          },
        ],
      });
      registry.manifest('multi', index, INDEX);
      const payload = simple(repository, sha256(index));
      offerCosign(registry, sha256(index), [
        { payload, annotations: { [SIGNATURE]: key.sign(payload).toString('base64') } },
      ]);
      expect(await verdict({ key: [key.path] }, `${repository}:multi`)).toContain(key.path);
    });
  });

  describe('as bundles', () => {
    it('made with a key', async () => {
      bundle(statement(repository, layout.digest));
      expect(await verdict({ key: [key.path] })).toContain(key.path);
      expect(await verdict({ key: [new Key().path] })).toBe('SIGNATURE_INVALID');
    });

    it.each([
      ['of another image', () => statement(repository, sha256('x'))],
      ['of another repository', () => statement('registry.example/other', layout.digest)],
      ['that name no repository', () => statement(undefined, layout.digest)],
      ['that are attestations', () => statement(repository, layout.digest, 'https://slsa.dev/provenance/v1')],
    ])('%s are refused', async (_, payload) => {
      bundle(payload());
      expect(await verdict({ key: [key.path] })).toBe('SIGNATURE_INVALID');
    });

    it('that name no repository are accepted by content where that was asked for', async () => {
      bundle(statement(undefined, layout.digest));
      expect(await verdict({ key: [key.path], 'digest-only': true })).toContain(key.path);
    });

    it.each([
      ['say that they belong to another image', { subject: { mediaType: INDEX, digest: sha256('x'), size: 1 } }],
      ['belong to nothing', { subject: undefined }],
      ['are of another type', { artifactType: 'application/example' }],
    ])('that %s are not looked at', async (_, change) => {
      const payload = statement(repository, layout.digest);
      offerBundles(registry, layout.digest, [keyedBundle(payload, key.sign(encoded(payload)))], change);
      expect(await verdict({ key: [key.path] })).toBe('SIGNATURE_MISSING');
    });

    it.each(['', '{}', '[]', 'null', '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'])(
      'that are %j are refused',
      async (text) => {
        offerBundles(registry, layout.digest, [Buffer.from(text)]);
        expect(await verdict({ key: [key.path] })).toBe('SIGNATURE_INVALID');
      },
    );
  });

  describe('by people without keys', () => {
    let sigstore: Sigstore;
    const NAME = 'ci@acme.example';
    beforeAll(async () => {
      sigstore = await Sigstore.create();
    });
    const wanted = (change: RequirementText = {}): RequirementText => ({
      'certificate-identity': NAME,
      'certificate-oidc-issuer': ISSUER,
      'trusted-root': sigstore.rootFile(),
      ...change,
    });
    const forms = {
      cosign: async (name = NAME) => {
        const payload = simple(repository, layout.digest);
        offerCosign(registry, layout.digest, [{ payload, annotations: await sigstore.cosign(payload, name) }]);
      },
      bundle: async (name = NAME) =>
        offerBundles(registry, layout.digest, [await sigstore.bundle(statement(repository, layout.digest), name)]),
    };

    describe.each(['cosign', 'bundle'] as const)('as %s', (form) => {
      it('count for who they are, whom their issuer knows', async () => {
        await forms[form]();
        expect(await verdict(wanted())).toContain(NAME);
        expect(await verdict(wanted({ 'certificate-identity': 'ci@acme.exampl' }))).toBe('SIGNATURE_INVALID');
        expect(await why(wanted({ 'certificate-identity': 'other' }))).toContain(NAME);
        expect(await verdict(wanted({ 'certificate-oidc-issuer': 'https://other.example' }))).toBe('SIGNATURE_INVALID');
      });

      it('match a pattern as a whole', async () => {
        await forms[form]();
        const pattern = (text: string) =>
          wanted({ 'certificate-identity': undefined, 'certificate-identity-regexp': text });
        expect(await verdict(pattern('[a-z]+@acme[.]example'))).toContain('signed by');
        expect(await verdict(pattern('acme'))).toBe('SIGNATURE_INVALID');
        expect(await verdict(pattern('x|ci@acme'))).toBe('SIGNATURE_INVALID');
      });

      it('count for nothing under the root of another instance', async () => {
        await forms[form]();
        const other = await Sigstore.create();
        expect(await verdict(wanted({ 'trusted-root': other.rootFile() }))).toBe('SIGNATURE_INVALID');
      });

      it('do not satisfy who wants a key', async () => {
        await forms[form]();
        expect(await verdict({ key: [key.path] })).toBe('SIGNATURE_INVALID');
      });
    });

    it('need a root that says from when it counts', async () => {
      const root = structuredClone(sigstore.root);
      for (const log of root.tlogs) log.publicKey.validFor = {};
      expect(await codeOf(look(wanted({ 'trusted-root': sigstore.rootFile(root) })))).toBe('KEY_INVALID');
    });

    it('whose annotations were swapped are refused', async () => {
      const payload = simple(repository, layout.digest);
      const [one, two] = [await sigstore.cosign(payload, NAME), await sigstore.cosign(payload, 'other@acme.example')];
      for (const name of ['dev.sigstore.cosign/certificate', 'dev.sigstore.cosign/bundle', SIGNATURE]) {
        offerCosign(registry, layout.digest, [{ payload, annotations: { ...two, [name]: one[name] ?? '' } }]);
        expect(await verdict(wanted())).toBe('SIGNATURE_INVALID');
      }
      const { 'dev.sigstore.cosign/bundle': _, ...unlogged } = one;
      offerCosign(registry, layout.digest, [{ payload, annotations: unlogged }]);
      expect(await verdict(wanted())).toBe('SIGNATURE_INVALID');
    });
  });

  describe('on a registry that lies', () => {
    const sign = (payload: Buffer) => ({ payload, annotations: { [SIGNATURE]: key.sign(payload).toString('base64') } });

    it('sends another payload than the manifest names', async () => {
      const payload = simple(repository, layout.digest);
      offerCosign(registry, layout.digest, [sign(payload)]);
      registry.routes.set(
        registry.blobPath(sha256(payload)),
        send(200, Buffer.from(payload.toString().replace('team', 'mate'))),
      );
      expect(await codeOf(look({ key: [key.path] }))).toBe('DIGEST_MISMATCH');
    });

    it('lists more than anybody signs', async () => {
      offerCosign(
        registry,
        layout.digest,
        Array.from({ length: 101 }, () => ({ payload: Buffer.from('{}'), annotations: {} })),
      );
      expect(await codeOf(look({ key: [key.path] }))).toBe('LAYOUT_INVALID');
    });

    it('has a payload without end: not asked for', async () => {
      const payload = Buffer.alloc((1 << 20) + 1, ' ');
      offerCosign(registry, layout.digest, [{ payload, annotations: {} }]);
      expect(await codeOf(look({ key: [key.path] }))).toBe('LIMIT_EXCEEDED');
      expect(registry.paths).not.toContain(registry.blobPath(sha256(payload)));
    });

    it('answers with another image than the digest that was asked for', async () => {
      registry.manifest(layout.digest, '{}', INDEX);
      expect(await codeOf(look({ key: [key.path] }, `${repository}@${layout.digest}`))).toBe('DIGEST_MISMATCH');
    });
  });
});

describe('what is required', () => {
  const file = (text: string) => {
    const path = join(temporaryDirectory(), 'file');
    writeFileSync(path, text);
    return path;
  };
  const code = (text: RequirementText) => codeOf(Promise.resolve().then(() => readRequirement(text)));

  it.each<[string, () => RequirementText, string]>([
    ['nobody', () => ({}), 'MISSING_ARGUMENT'],
    ['a key file that is not there', () => ({ key: ['/nowhere/key.pub'] }), 'KEY_INVALID'],
    ['a file that is no key', () => ({ key: [file('hello')] }), 'KEY_INVALID'],
    [
      'a damaged key',
      () => ({ key: [file('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n')] }),
      'KEY_INVALID',
    ],
    [
      'a private key',
      () => ({ key: [file('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n')] }),
      'KEY_INVALID',
    ],
    ['an identity without its issuer', () => ({ 'certificate-identity': 'a' }), 'MISSING_ARGUMENT'],
    ['an issuer without an identity', () => ({ 'certificate-oidc-issuer': 'a' }), 'MISSING_ARGUMENT'],
    [
      'an identity without a root',
      () => ({ 'certificate-identity': 'a', 'certificate-oidc-issuer': 'b' }),
      'MISSING_ARGUMENT',
    ],
    [
      'an identity and a pattern of it',
      () => ({ 'certificate-identity': 'a', 'certificate-identity-regexp': 'a' }),
      'INVALID_VALUE',
    ],
    [
      'a pattern that is none',
      () => ({ 'certificate-identity-regexp': '(', 'certificate-oidc-issuer': 'b' }),
      'INVALID_VALUE',
    ],
    [
      'a root that is none',
      () => ({ 'certificate-identity': 'a', 'certificate-oidc-issuer': 'b', 'trusted-root': file('{}') }),
      'KEY_INVALID',
    ],
    [
      'a root that is no JSON',
      () => ({ 'certificate-identity': 'a', 'certificate-oidc-issuer': 'b', 'trusted-root': file('x') }),
      'KEY_INVALID',
    ],
  ])('%s is an error', async (_, text, expected) => {
    expect(await code(text())).toBe(expected);
  });

  it('a key that is too weak is an error', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const weak = [
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
    ];
    for (const { publicKey } of weak)
      expect(await code({ key: [file(publicKey.export({ type: 'spki', format: 'pem' }) as string)] })).toBe(
        'KEY_INVALID',
      );
  });

  it('a key is read as openssl writes it', () => {
    const key = new Key('rsa');
    expect(readKey(key)).toContain('BEGIN PUBLIC KEY');
    expect(readRequirement({ key: [key.path] }).signers).toHaveLength(1);
  });
});
