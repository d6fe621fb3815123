// SPDX-License-Identifier: Apache-2.0
// What is said about an image: bundles by @sigstore/mock and openssl in a registry with the referrers API and in one without.
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseReference } from '../../../src/runtime/images/reference.ts';
import { type RequirementText, readRequirement } from '../../../src/runtime/images/signatures/requirement.ts';
import { requireOne } from '../../../src/runtime/images/signatures/verify.ts';
import { type Verified, verifyImage } from '../../../src/runtime/images/verify-image.ts';
import { pushArtifact } from '../../../src/runtime/registry/push/artifact.ts';
import { MemoryRegistry } from '../../support/memory-registry.ts';
import { type Layout, ociLayout, sha256 } from '../../support/oci.ts';
import { FakeRegistry, MANIFEST, noCredentials, send, TIMING } from '../../support/registry.ts';
import {
  BUNDLE,
  encoded,
  ISSUER,
  Key,
  keyedBundle,
  offerAttestations,
  offerBundles,
  Sigstore,
  statement,
  taken,
} from '../../support/signatures.ts';
import { codeOf, openStore, temporaryDirectory } from '../../support/store.ts';

const SLSA = 'https://slsa.dev/provenance/v1';
const SPDX = 'https://spdx.dev/Document/v2.3';
const HINT = 'dev.sigstore.bundle.predicateType';

describe('attestations of an image', { timeout: 60_000 }, () => {
  let registry: FakeRegistry;
  let memory: MemoryRegistry;
  let layout: Layout;
  let repository = '';
  let key: Key;
  const options = () => ({ timing: { ...TIMING, idle: 20_000 }, env: noCredentials() });
  beforeEach(async () => {
    [registry, memory, key] = [await FakeRegistry.start(), new MemoryRegistry(), new Key()];
    registry.fallback = memory.reply;
    repository = `${registry.host}/team/app`;
    layout = ociLayout(join(temporaryDirectory(), 'layout'), { layers: [{ files: [{ path: 'a', data: 'a' }] }] });
    registry.publish(layout);
  });

  async function look(text: RequirementText = {}): Promise<Verified> {
    const requirement = readRequirement({ key: [key.path], attestation: 'slsa', ...text });
    return verifyImage(await openStore(), parseReference(`${repository}:1`), requirement, options());
  }
  /** Predicates of what counts. */
  const said = async (text?: RequirementText) => (await look(text)).attestations?.map(({ predicate }) => predicate);
  const why = async (text?: RequirementText) => (await look(text)).outcomes.map((outcome) => outcome.text).join('\n');
  const signed = (payload: Buffer, by = key, of = payload) => keyedBundle(payload, by.sign(encoded(of)));
  const about = (
    predicate: object = { a: 1 },
    type = SLSA,
    name: string | undefined = repository,
    digest = layout.digest,
  ) => statement(name, digest, type, predicate);
  const push = (data: Buffer, annotations?: Record<string, string>, artifactType = BUNDLE) =>
    pushArtifact(
      parseReference(repository),
      {
        artifactType,
        subject: { mediaType: MANIFEST, digest: layout.digest, size: 1 },
        layers: [{ mediaType: artifactType, data }],
        ...(annotations === undefined ? {} : { annotations }),
      },
      options(),
    );

  it('are missing where there is none', async () => {
    expect(await said()).toEqual([]);
    const { outcomes, image } = await look();
    const requirement = readRequirement({ key: [key.path], attestation: 'slsa' });
    expect(await codeOf(() => requireOne(outcomes, image, requirement))).toBe('SIGNATURE_MISSING');
  });

  it.each([true, false])('are read when a key that counts has signed them; with the referrers API: %s', async (api) => {
    memory.referrers = api;
    await push(signed(about({ builder: { id: 'ci' } })), { [HINT]: SLSA });
    const { attestations, outcomes } = await look();
    expect(attestations).toMatchObject([
      { predicateType: SLSA, predicate: { builder: { id: 'ci' } }, signer: `by the key ${key.path}` },
    ]);
    expect(outcomes).toMatchObject([{ accepted: true, format: 'bundle' }]);
    expect(await said({ key: [new Key().path] })).toEqual([]);
  });

  it('are read when an identity that counts has signed them, in both forms', async () => {
    const sigstore = await Sigstore.create();
    const trust = {
      key: [],
      'certificate-identity': 'ci@acme.example',
      'certificate-oidc-issuer': ISSUER,
      'trusted-root': sigstore.rootFile(),
    };
    const bundle = await sigstore.bundle(about(), 'ci@acme.example');
    await push(bundle);
    expect(await said(trust)).toEqual([{ a: 1 }]);
    expect(await why({ ...trust, 'certificate-identity': 'eve@acme.example' })).toContain('ci@acme.example');
    expect(await said({ ...trust, 'trusted-root': (await Sigstore.create()).rootFile() })).toEqual([]);
    expect(await why()).toContain('not signed by the key');
    offerAttestations(registry, layout.digest, [taken(bundle)]);
    expect(await said(trust)).toEqual([{ a: 1 }, { a: 1 }]);
    const other = taken(await sigstore.bundle(about({ evil: 1 }), 'ci@acme.example'));
    // Certificate and log entry of one, content of another.
    offerAttestations(registry, layout.digest, [{ ...taken(bundle), envelope: other.envelope }]);
    expect(await said(trust)).toEqual([{ a: 1 }]);
    expect(await why()).toContain('with a certificate, not with a key');
  });

  it('are read as cosign 2 keeps them', async () => {
    offerAttestations(registry, layout.digest, [
      { ...taken(signed(about({ a: 1 }))), annotations: { predicateType: SLSA } },
      { ...taken(signed(about({ a: 2 }, SPDX))), annotations: { predicateType: SPDX } },
      taken(signed(about({ a: 3 }), new Key())),
      taken(signed(about({ a: 4 }))),
    ]);
    expect(await said()).toEqual([{ a: 1 }, { a: 4 }]);
    expect(await said({ attestation: 'spdx' })).toEqual([{ a: 2 }]);
  });

  it.each([
    ['slsa', 'https://slsa.dev/provenance/v0.2', true],
    ['slsa', 'https://slsa.dev/provenance', true],
    ['slsa', 'https://slsa.dev/provenance-not', false],
    ['slsa', 'https://slsa.dev/verification_summary/v1', false],
    ['spdx', 'https://spdx.dev/Document', true],
    ['spdx', SPDX, true],
    ['cyclonedx', 'https://cyclonedx.org/bom', true],
    ['cyclonedx', 'https://cyclonedx.org/bom/v1.5', true],
    ['vuln', 'https://cosign.sigstore.dev/attestation/vuln/v1', true],
    ['vuln', 'https://in-toto.io/attestation/vulns/v0.2', true],
    ['https://acme.example/tested', 'https://acme.example/tested', true],
    ['https://acme.example/tested', 'https://acme.example/tested/v2', false],
    [SLSA, 'https://slsa.dev/provenance/v0.2', false],
  ])('of the kind %s are those of %s: %s', async (kind, type, is) => {
    await push(signed(about({ a: 1 }, type)));
    expect(await said({ attestation: kind })).toEqual(is ? [{ a: 1 }] : []);
  });

  it.each(['', 'slsaa', 'provenance', 'toString', '__proto__', 'https://x y', `x:${'y'.repeat(600)}`])(
    'are of no kind %j',
    async (kind) => expect(await codeOf(look({ attestation: kind }))).toBe('INVALID_VALUE'),
  );

  it('count for nothing when they were changed after they were signed', async () => {
    await push(signed(about({ a: 2 }), key, about({ a: 1 })));
    expect(await said()).toEqual([]);
    expect(await why()).toContain('not signed by the key');
  });

  it('count for nothing when they are about another image', async () => {
    await push(signed(about({}, SLSA, repository, sha256('other'))));
    expect(await said({ 'digest-only': true })).toEqual([]);
    expect(await why()).toContain('another image');
  });

  it('that refer to another image are not looked at', async () => {
    memory.referrers = false;
    const bundles = [signed(about())];
    offerBundles(registry, layout.digest, bundles, { subject: { mediaType: MANIFEST, digest: sha256('x'), size: 1 } });
    expect((await look()).outcomes).toEqual([]);
    offerBundles(registry, layout.digest, bundles);
    expect(await said()).toEqual([{ a: 1 }]);
  });

  it('count for another repository only where that was asked for', async () => {
    await push(signed(about({ a: 1 }, SLSA, 'registry.example/other')));
    await push(signed(about({ a: 2 }, SLSA, '')));
    expect(await said()).toEqual([]);
    expect(await why()).toMatch(/registry\.example\/other[\s\S]*names no repository/);
    expect(await said({ 'digest-only': true })).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it('are what they say, not what the registry says that they are', async () => {
    await push(signed(about({ a: 1 }, SPDX)), { [HINT]: SLSA });
    expect(await said()).toEqual([]);
    expect(await why()).toContain(`${JSON.stringify(SPDX)}, not slsa`);
    // Which says that it is of another kind, so that it is not even fetched.
    expect((await look({ attestation: 'spdx' })).outcomes).toEqual([]);
  });

  it('are about one of many files', async () => {
    const json = JSON.parse(String(about({ a: 1 }))) as { subject: object[] };
    json.subject.unshift(
      ...[...Array(1000).keys()].map((i) => ({ name: `file ${i}`, digest: { sha256: sha256(`${i}`).slice(7) } })),
    );
    await push(signed(Buffer.from(JSON.stringify(json))));
    expect(await said()).toEqual([{ a: 1 }]);
    json.subject.push(...[...Array(4000).keys()].map((i) => ({ name: `${i}`, digest: { sha256: '00' } })));
    await push(signed(Buffer.from(JSON.stringify(json))));
    expect(await said()).toEqual([{ a: 1 }]);
    expect(await why()).toContain('more than 4096');
  });

  it('that nobody has signed are told apart, and do not count', async () => {
    await push(about({ a: 1 }), undefined, 'application/vnd.in-toto+json');
    const { attestations, unsigned, outcomes } = await look();
    expect(attestations).toEqual([]);
    expect(unsigned).toMatchObject([{ predicateType: SLSA, predicate: { a: 1 } }]);
    expect(outcomes).toMatchObject([{ accepted: false, format: 'statement', text: 'nobody has signed it' }]);
    await push(about({ a: 2 }, SLSA, repository, sha256('other')), undefined, 'application/vnd.in-toto+json');
    expect((await look()).unsigned).toHaveLength(1);
  });

  it('are no signatures, and signatures are none', async () => {
    await push(signed(about()));
    await push(signed(statement(repository, layout.digest)));
    expect(await said()).toEqual([{ a: 1 }]);
    const { outcomes } = await look({ attestation: undefined });
    expect(outcomes.map(({ accepted }) => accepted).sort()).toEqual([false, true]);
  });

  it('may be larger than signatures, which they then do not disturb', async () => {
    const large = signed(about({ packages: 'x'.repeat(3 << 20) }, SPDX));
    await push(large, { [HINT]: SPDX });
    await push(signed(statement(repository, layout.digest)));
    expect((await look({ attestation: undefined })).outcomes).toMatchObject([{ accepted: true }]);
    const [predicate] = (await said({ attestation: 'spdx' })) ?? [];
    expect(String(predicate?.packages)).toHaveLength(3 << 20);
  });

  it.each([
    ['no JSON', Buffer.from('{')],
    ['nothing', Buffer.from('{}')],
    ['null', Buffer.from('null')],
    ['no statement', keyedBundle(Buffer.from('[]'), Buffer.from('x'))],
    ['no text', Buffer.from([0xff, 0xfe])],
  ])('that are %s are refused, not crashed on', async (_, data) => {
    await push(data);
    offerAttestations(registry, layout.digest, [{ envelope: data, annotations: {} }]);
    await push(data, undefined, 'application/vnd.in-toto+json');
    const { attestations, unsigned, outcomes } = await look();
    expect([attestations, unsigned, outcomes.length]).toEqual([[], [], 3]);
  });

  it.each([
    ['no in-toto statement', { _type: 'https://in-toto.io/Statement/v9' }],
    ['without predicate', { predicate: undefined }],
    ['with a text as predicate', { predicate: 'x' }],
    ['without subject', { subject: undefined }],
    ['with a subject that is none', { subject: [7] }],
  ])('that are signed and are %s are refused', async (_, change) => {
    await push(signed(Buffer.from(JSON.stringify({ ...(JSON.parse(String(about())) as object), ...change }))));
    expect([await said(), (await look()).outcomes.length]).toEqual([[], 1]);
  });

  it('are bounded in number and size', async () => {
    const one = { ...taken(signed(about())), annotations: {} };
    offerAttestations(registry, layout.digest, Array(100).fill(one));
    expect(await said()).toHaveLength(100);
    await push(signed(about()));
    expect(await codeOf(look())).toBe('LIMIT_EXCEEDED');
    offerAttestations(registry, layout.digest, [{ ...one, envelope: Buffer.alloc(33 << 20, 32) }]);
    expect(await codeOf(look())).toBe('LIMIT_EXCEEDED');
  });

  it('cannot be asked for where the registry is out of order: that is not the same as none', async () => {
    registry.routes.set(`/v2/team/app/referrers/${layout.digest}`, send(500, ''));
    expect(await codeOf(look())).toBe('REGISTRY_UNREACHABLE');
  });
});
