// SPDX-License-Identifier: Apache-2.0
// Signatures that we make, on a registry in memory; what they are is checked by openssl, and that they count by our verifier.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { importImage } from '../../../src/runtime/images/import/import.ts';
import { parseReference } from '../../../src/runtime/images/reference.ts';
import { type FORMATS, signImage } from '../../../src/runtime/images/sign-image.ts';
import { readPrivateKeyFile } from '../../../src/runtime/images/signatures/private-key.ts';
import { readRequirement } from '../../../src/runtime/images/signatures/requirement.ts';
import { verifyImage } from '../../../src/runtime/images/verify-image.ts';
import { pushImage } from '../../../src/runtime/registry/push/image.ts';
import { MemoryRegistry } from '../../support/memory-registry.ts';
import { type Layout, ociLayout } from '../../support/oci.ts';
import { FakeRegistry, INDEX, MANIFEST, noCredentials, send, TIMING } from '../../support/registry.ts';
import { BUNDLE, encoded, Key, type Kind } from '../../support/signatures.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';

describe.skipIf(noExtractor())('signing', { timeout: 60_000 }, () => {
  let registry: FakeRegistry;
  let memory: MemoryRegistry;
  let layout: Layout;
  let image = '';
  const options = () => ({ timing: { ...TIMING, idle: 20_000 }, env: noCredentials() });
  beforeEach(async () => {
    [registry, memory] = [await FakeRegistry.start(), new MemoryRegistry()];
    registry.fallback = memory.reply;
    layout = ociLayout(join(temporaryDirectory(), 'layout'), { layers: [{ files: [{ path: 'a', data: 'a' }] }] });
    const store = await openStore();
    await importImage(store, layout.directory, { name: 'app' });
    image = `${registry.host}/team/app:1`;
    await pushImage(store, 'app', image, options());
  });
  const sign = async (key: Key, format: (typeof FORMATS)[number] = 'both', text = image) =>
    signImage(parseReference(text), await readPrivateKeyFile(key.secret, async () => undefined), format, options());
  const accepted = async (key: Key, text = image) => {
    const verified = await verifyImage(
      await openStore(),
      parseReference(text),
      readRequirement({ key: [key.path] }),
      options(),
    );
    return verified.outcomes
      .filter((outcome) => outcome.accepted)
      .map(({ format }) => format)
      .sort();
  };
  const manifests = () => memory.manifestsOf('team/app');
  const read = (name: string) => JSON.parse(String(manifests().get(name)?.bytes)) as Record<string, never>;

  it.each<Kind>(['P-256', 'P-384', 'ed25519', 'rsa'])('with a key of the kind %s makes both forms', async (kind) => {
    const key = new Key(kind);
    const signed = await sign(key);
    expect(signed.image).toBe(`${registry.host}/team/app@${layout.digest}`);
    expect(signed.signatures.map(({ format }) => format)).toEqual(['cosign', 'bundle']);
    expect(await accepted(key)).toEqual(['bundle', 'cosign']);
    expect(await accepted(new Key(kind))).toEqual([]);
  });

  it('is what openssl takes for a signature', async () => {
    const key = new Key('P-256');
    const { signatures } = await sign(key);
    const holds = (data: Buffer, signature: string) => {
      const directory = temporaryDirectory();
      writeFileSync(join(directory, 'data'), data);
      writeFileSync(join(directory, 'signature'), Buffer.from(signature, 'base64'));
      const files = ['-signature', join(directory, 'signature'), join(directory, 'data')];
      return execFileSync('openssl', ['dgst', '-sha256', '-verify', key.path, ...files], { encoding: 'utf8' });
    };
    const blob = (digest: string) => memory.blobsOf('team/app').get(digest) ?? Buffer.alloc(0);
    const { layers } = read(`${layout.digest.replace(':', '-')}.sig`) as unknown as {
      layers: { digest: string; annotations: Record<string, string> }[];
    };
    const payload = blob(layers[0]?.digest ?? '');
    expect(JSON.parse(String(payload)).critical).toEqual({
      identity: { 'docker-reference': `${registry.host}/team/app` },
      image: { 'docker-manifest-digest': layout.digest },
      type: 'cosign container image signature',
    });
    expect(holds(payload, layers[0]?.annotations['dev.cosignproject.cosign/signature'] ?? '')).toContain('OK');
    const place = signatures.find(({ format }) => format === 'bundle')?.place ?? '';
    const artifact = read(place) as unknown as {
      artifactType: string;
      subject: { digest: string };
      layers: { digest: string }[];
    };
    expect([artifact.artifactType, artifact.subject.digest]).toEqual([BUNDLE, layout.digest]);
    const { dsseEnvelope } = JSON.parse(String(blob(artifact.layers[0]?.digest ?? ''))) as {
      dsseEnvelope: { payload: string; signatures: { sig: string }[] };
    };
    expect(
      holds(encoded(Buffer.from(dsseEnvelope.payload, 'base64')), dsseEnvelope.signatures[0]?.sig ?? ''),
    ).toContain('OK');
  });

  it.each([true, false])('is found where the registry has the referrers API: %s', async (api) => {
    memory.referrers = api;
    const key = new Key();
    await sign(key, 'bundle');
    expect(await accepted(key)).toEqual(['bundle']);
    expect(manifests().has(layout.digest.replace(':', '-'))).toBe(!api);
  });

  it.each(['cosign', 'bundle'] as const)('as %s alone', async (format) => {
    const key = new Key();
    await sign(key, format);
    expect(await accepted(key)).toEqual([format]);
  });

  it('twice changes nothing, and leaves what others signed', async () => {
    const [one, two] = [new Key(), new Key('ed25519')];
    await sign(one);
    await sign(two);
    const before = new Map(manifests());
    await sign(one);
    await sign(two);
    expect(new Map(manifests())).toEqual(before);
    for (const key of [one, two]) expect(await accepted(key)).toEqual(['bundle', 'cosign']);
  });

  // Below a tag the last of two who write at the same moment may win unseen; the API has no such moment.
  it('at the same time as others loses no bundle', async () => {
    const keys = [new Key('ed25519'), new Key('ed25519'), new Key('ed25519')];
    await Promise.all(keys.map((key) => sign(key, 'bundle')));
    for (const key of keys) expect(await accepted(key)).toEqual(['bundle']);
  });

  it('signs an index where the name is one', async () => {
    const entry = {
      mediaType: MANIFEST,
      digest: layout.digest,
      size: manifests().get(layout.digest)?.bytes.length ?? 0,
      platform: { os: 'linux', architecture: 'amd64' },
    };
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [entry] }));
    manifests().set('multi', { bytes: index, type: INDEX });
    const key = new Key();
    await sign(key, 'both', `${registry.host}/team/app:multi`);
    expect(await accepted(key, `${registry.host}/team/app:multi`)).toEqual(['bundle', 'cosign']);
    expect(await accepted(key)).toEqual([]);
  });

  it('signs nothing but images, and what it was told to sign', async () => {
    manifests().set('other', { bytes: Buffer.from('{}'), type: 'application/example' });
    expect(await codeOf(sign(new Key(), 'both', `${registry.host}/team/app:other`))).toBe('MEDIA_TYPE_UNSUPPORTED');
    expect(await codeOf(sign(new Key(), 'both', `${registry.host}/team/app:none`))).toBe('MANIFEST_UNKNOWN');
    registry.routes.set(registry.manifestPath(layout.digest), send(200, '{}', { 'content-type': MANIFEST }));
    expect(await codeOf(sign(new Key(), 'both', `${registry.host}/team/app@${layout.digest}`))).toBe('DIGEST_MISMATCH');
  });

  it('does not overwrite what is no signature under the tag', async () => {
    manifests().set(`${layout.digest.replace(':', '-')}.sig`, {
      bytes: Buffer.from('{"schemaVersion":2,"layers":[]}'),
      type: INDEX,
    });
    expect(await codeOf(sign(new Key(), 'cosign'))).toBe('REFERENCE_TAKEN');
  });
});
