// SPDX-License-Identifier: Apache-2.0
// A policy that wants to know who built an image, and what `image verify` says of it.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseReference } from '../../src/runtime/images/reference.ts';
import { pushArtifact } from '../../src/runtime/registry/push/artifact.ts';
import { MemoryRegistry } from '../support/memory-registry.ts';
import { FakeRegistry, MANIFEST } from '../support/registry.ts';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';
import { BUNDLE, encoded, Key, keyedBundle, statement } from '../support/signatures.ts';

const SLSA = 'https://slsa.dev/provenance/v1';

describe.skipIf(cannotRun())('a policy that wants attestations', { timeout: 120_000 }, () => {
  let secure: Secure;
  let registry: FakeRegistry;
  let memory: MemoryRegistry;
  let [builder, releaser]: Key[] = [];
  let [image, digest, policy] = ['', '', ''];
  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
  });
  afterAll(() => secure.destroy());
  beforeEach(async () => {
    rmSync(join(secure.root, 'state/signatures'), { recursive: true, force: true });
    [registry, memory] = [await FakeRegistry.start(), new MemoryRegistry()];
    [builder, releaser] = [new Key(), new Key()];
    registry.fallback = memory.reply;
    image = `${registry.host}/team/app:1`;
    const { stdout } = await secure.run('image', 'push', 'busybox', image, '--json');
    digest = (JSON.parse(stdout) as { digest: string }).digest;
    policy = join(secure.root, 'policy.yaml');
    require(`attestation: slsa, cosign: { key: ${builder.path} }`);
  });

  function require(...rules: string[]): void {
    const entries = rules.map((rule) => `  - match: "${registry.host}/team/*"\n    require: { ${rule} }\n`).join('');
    const head = 'apiVersion: secure/v1\nkind: Policy\nextends: default\nrun: { origins: { pulled: signature } }\n';
    writeFileSync(policy, `${head}images:\n${entries}`);
  }
  const attest = (by: Key | undefined, type = SLSA, of = digest) => {
    const payload = statement(`${registry.host}/team/app`, of, type, { builder: { id: 'https://ci.example' } });
    const data = keyedBundle(payload, (by as Key).sign(encoded(payload)));
    const subject = { mediaType: MANIFEST, digest, size: 1 };
    const annotations = { 'dev.sigstore.bundle.predicateType': type };
    return pushArtifact(
      parseReference(`${registry.host}/team/app`),
      { artifactType: BUNDLE, subject, layers: [{ mediaType: BUNDLE, data }], annotations },
      {},
    );
  };
  const run = (...flags: string[]) =>
    secure.run('run', '--rm', '--network', 'none', '--profile', policy, ...flags, image, 'echo', 'ran');

  it('runs what has one of the kind by who is wanted, and needs no registry for it again', async () => {
    expect(errorCode(await run())).toBe('SIGNATURE_MISSING');
    await attest(releaser);
    const refused = await run();
    expect([errorCode(refused), refused.stderr]).toEqual(['SIGNATURE_INVALID', expect.stringContaining('attestation')]);
    await attest(builder);
    expect((await run()).stdout).toBe('ran\n');
    registry.fallback = (_, response) => response.destroy();
    expect((await run('--pull', 'never')).stdout).toBe('ran\n');
    // Another key is another question, for which what is kept is no answer.
    require(`attestation: slsa, cosign: { key: ${new Key().path} }`);
    expect(errorCode(await run('--pull', 'never'))).toBe('SIGNATURE_INVALID');
  });

  it('takes no signature for an attestation, and wants both where both are wanted', async () => {
    const sign = () => secure.run('image', 'sign', image, '--key', releaser?.secret ?? '');
    expect((await sign()).code).toBe(0);
    expect(errorCode(await run())).toBe('SIGNATURE_MISSING');
    require(`attestation: [slsa, spdx], cosign: { key: ${builder?.path} }`, `cosign: { key: ${releaser?.path} }`);
    await attest(builder);
    expect(errorCode(await run())).toBe('SIGNATURE_INVALID');
    await attest(builder, 'https://spdx.dev/Document');
    expect((await run()).stdout).toBe('ran\n');
    expect((await run('--pull', 'never')).stdout).toBe('ran\n');
  });

  it('is read by rules: what is said decides, and what nobody vouches for is not there', async () => {
    const rules = (id: string) =>
      `rules:\n  - id: builder\n    target: image\n    require: "image.attestations('slsa').exists(a, a.predicate.builder.id == '${id}')"\n    message: "built by {{ image.attestations('slsa').map(a, a.predicate.builder.id) }}"\n`;
    const append = (id: string) => writeFileSync(policy, readFileSync(policy, 'utf8') + rules(id));
    await attest(builder);
    append('https://ci.example');
    expect((await run()).stdout).toBe('ran\n');
    require(`attestation: slsa, cosign: { key: ${builder?.path} }`);
    append('https://other.example');
    const refused = await run();
    expect([refused.code, errorCode(refused), refused.stderr]).toEqual([
      125,
      'POLICY_DENIED',
      expect.stringContaining('built by ["https://ci.example"]'),
    ]);
    // It is there, and signed; but nobody asked for it by this key.
    require(`cosign: { key: ${releaser?.path} }`);
    append('https://ci.example');
    expect((await secure.run('image', 'sign', image, '--key', releaser?.secret ?? '')).code).toBe(0);
    expect(errorCode(await run())).toBe('POLICY_DENIED');
  });

  it('is verified by hand, and says what was said', async () => {
    const verify = (...flags: string[]) =>
      secure.run('image', 'verify', image, '--attestation', 'slsa', '--key', builder?.path ?? '', ...flags);
    expect(errorCode(await verify())).toBe('SIGNATURE_MISSING');
    await attest(builder);
    const good = await verify();
    expect([good.code, good.stdout]).toEqual([
      0,
      expect.stringMatching(/accepted .*provenance\/v1 signed by the key/s),
    ]);
    const { stdout } = await verify('--json');
    expect(JSON.parse(stdout)).toMatchObject({
      attestations: [{ predicateType: SLSA, predicate: { builder: { id: 'https://ci.example' } } }],
      unsigned: [],
    });
    const spdx = await secure.run('image', 'verify', image, '--attestation', 'spdx', '--key', builder?.path ?? '');
    expect([spdx.code, errorCode(spdx)]).toEqual([1, 'SIGNATURE_MISSING']);
  });
});
