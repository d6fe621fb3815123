// SPDX-License-Identifier: Apache-2.0
// A policy that says whose signature images must have, and what the command line makes of it.
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noRegistry, startRegistry } from '../support/docker-registry.ts';
import { envelope, issue, JWS, offerNotary } from '../support/notary.ts';
import { busyboxLayout, type Layout, ociLayout } from '../support/oci.ts';
import { FakeRegistry, send, snapshot } from '../support/registry.ts';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';
import { Key, offerCosign, simple } from '../support/signatures.ts';

const SIGNATURE = 'dev.cosignproject.cosign/signature';

describe.skipIf(cannotRun() || noRegistry())('a policy that requires signatures', () => {
  let secure: Secure;
  let registry: FakeRegistry;
  let layout: Layout;
  let key: Key;
  let image = '';
  let policy = '';
  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
  });
  afterAll(() => secure.destroy());
  beforeEach(async () => {
    // All tests have the same image, and what is kept is kept by its digest.
    const images = (await secure.run('image', 'ls', '-q')).stdout.split('\n').filter((name) => name.includes('/team/'));
    if (images.length > 0) await secure.run('image', 'rm', ...images);
    rmSync(join(secure.root, 'state/signatures'), { recursive: true, force: true });
    registry = await FakeRegistry.start();
    layout = busyboxLayout(join(secure.root, `layout-${registry.host}`));
    registry.publish(layout);
    image = `${registry.host}/team/app:1`;
    key = new Key();
    policy = write(key.path);
  });

  const write = (path: string, origin = 'signature', match = `${registry.host}/team/*`) => {
    const file = join(secure.root, `policy-${Math.random()}.yaml`);
    const rule = `  - match: "${match}"\n    require: { cosign: { key: ${path} } }\n`;
    writeFileSync(
      file,
      `apiVersion: secure/v1\nkind: Policy\nextends: default\nrun: { origins: { pulled: ${origin} } }\nimages:\n${rule}`,
    );
    return file;
  };
  const sign = (by = key, digest = layout.digest) => {
    const payload = simple(`${registry.host}/team/app`, digest);
    offerCosign(registry, digest, [{ payload, annotations: { [SIGNATURE]: by.sign(payload).toString('base64') } }]);
  };
  const run = (...flags: string[]) =>
    secure.run('run', '--rm', '--network', 'none', '--profile', policy, ...flags, image, 'echo', 'ran');
  const layers = () => registry.paths.filter((path) => path === registry.blobPath(layout.layers[0]?.digest ?? ''));
  const state = () => snapshot(join(secure.root, 'state'));

  it('refuses what is not signed before a layer is fetched', async () => {
    const before = state();
    const result = await run();
    expect([result.code, errorCode(result)]).toEqual([125, 'SIGNATURE_MISSING']);
    expect(layers()).toEqual([]);
    expect(state()).toEqual(before);
    sign(new Key());
    expect(errorCode(await run())).toBe('SIGNATURE_INVALID');
    expect(state()).toEqual(before);
  });

  it('runs what was signed by the Notary Project for who is named, and verifies it on the command line', async () => {
    const root = issue({ subject: '/C=US/ST=WA/O=acme.example/CN=root' });
    const name = 'x509.subject: C=US, ST=WA, O=acme.example';
    const wanted = (who: string) => {
      const rule = `  - match: "${registry.host}/team/*"\n    require: { notary: { roots: ${root.cert}, identities: "${who}" }, identity: digest-only }\n`;
      writeFileSync(
        policy,
        `apiVersion: secure/v1\nkind: Policy\nextends: default\nrun: { origins: { pulled: signature } }\nimages:\n${rule}`,
      );
    };
    wanted(`${name}, CN=somebody`);
    expect(errorCode(await run())).toBe('SIGNATURE_MISSING');
    offerNotary(registry, layout.digest, JWS, [envelope(JWS, layout.digest, [issue({}, root), root])]);
    expect(errorCode(await run())).toBe('SIGNATURE_INVALID');
    expect(layers()).toEqual([]);
    wanted(name);
    expect((await run()).stdout).toBe('ran\n');
    const verify = (...flags: string[]) =>
      secure.run('image', 'verify', image, '--notary-root', root.cert, '--notary-identity', name, ...flags);
    expect((await verify('--digest-only')).code).toBe(0);
    expect((await verify()).code).toBe(1);
    registry.routes.clear();
    expect((await run()).stdout).toBe('ran\n');
  });

  it('warns whoever has content trust of docker switched on that it does nothing here', async () => {
    const warned = async (value: string, ...words: string[]) =>
      (await secure.call(words, { env: { DOCKER_CONTENT_TRUST: value } })).stderr.includes(
        'warning: DOCKER_CONTENT_TRUST',
      );
    expect(await warned('1', 'image', 'pull', image)).toBe(true);
    expect(await warned('1', 'image', 'verify', image, '--key', key.path)).toBe(true);
    expect(await warned('0', 'image', 'pull', image)).toBe(false);
  });

  it('runs what is signed, says by whom, and needs no registry for it again', async () => {
    sign();
    expect((await run()).stdout).toBe('ran\n');
    registry.routes.clear();
    expect((await run()).stdout).toBe('ran\n');
    policy = write(new Key().path);
    registry.routes.set(registry.manifestPath(`${layout.digest.replace(':', '-')}.sig`), send(500, ''));
    expect(errorCode(await run())).toBe('SIGNATURE_INVALID');
    policy = write(key.path);
    const explained = await run('--explain');
    expect(explained.stderr).toMatch(new RegExp(`signature .*signed by the key ${key.path} .*${policy}:6`));
    expect(await secure.json('image', 'inspect', image)).toMatchObject({ digest: layout.digest });
  });

  it('is asked at each start: another key is another question', async () => {
    sign();
    expect((await run()).code).toBe(0);
    policy = write(new Key().path);
    expect(errorCode(await run())).toBe('SIGNATURE_INVALID');
    rmSync(key.path);
    policy = write(key.path);
    expect(errorCode(await run())).toBe('KEY_INVALID');
  });

  it('binds the decision to the digest: a tag that moved to something else is refused, and what was here stays', async () => {
    sign();
    expect((await run()).code).toBe(0);
    const other = ociLayout(join(secure.root, `other-${registry.host}`), { layers: [{ files: [{ path: 'bin/' }] }] });
    registry.publish(other);
    expect(errorCode(await run('--pull', 'always'))).toBe('SIGNATURE_MISSING');
    expect((await run()).stdout).toBe('ran\n');
    // The old signature offered for the new digest is one of another image.
    const payload = simple(`${registry.host}/team/app`, layout.digest);
    offerCosign(registry, other.digest, [
      { payload, annotations: { [SIGNATURE]: key.sign(payload).toString('base64') } },
    ]);
    expect(errorCode(await run('--pull', 'always'))).toBe('SIGNATURE_INVALID');
  });

  it('is satisfied by a signature that was made after the image came, and by none offline', async () => {
    expect((await secure.run('image', 'pull', '-q', image)).code).toBe(0);
    expect(errorCode(await run())).toBe('SIGNATURE_MISSING');
    sign();
    expect(errorCode(await run('--pull', 'never'))).toBe('SIGNATURE_MISSING');
    expect((await run()).stdout).toBe('ran\n');
    expect((await run('--pull', 'never')).stdout).toBe('ran\n');
  });

  it('trusts nothing that is kept: damaged or of another image, it is as if it were not there', async () => {
    sign();
    expect((await run()).code).toBe(0);
    const directory = join(secure.root, 'state/signatures');
    const file = join(directory, `${layout.digest.replace(':', '-')}.json`);
    expect(readdirSync(directory)).toContain(`${layout.digest.replace(':', '-')}.json`);
    for (const text of ['', '{"candidates":[{"format":"cosign"}]}', '{"candidates":{}}', 'x'.repeat(9 << 20)]) {
      writeFileSync(file, text);
      expect(errorCode(await run('--pull', 'never')), text.slice(0, 40)).toBe('SIGNATURE_MISSING');
    }
    expect((await run()).stdout).toBe('ran\n');
  });

  it('holds for what was imported under the name, too', async () => {
    expect((await secure.run('image', 'import', layout.directory, '--name', image)).code).toBe(0);
    expect(errorCode(await run('--trust'))).toBe('SIGNATURE_MISSING');
  });

  it('leaves other images alone, which its origins then refuse', async () => {
    sign();
    policy = write(key.path, 'signature', 'registry.example/**');
    expect(errorCode(await run())).toBe('IMAGE_UNTRUSTED');
    policy = write(key.path, 'accept', 'registry.example/**');
    expect((await run()).stdout).toBe('ran\n');
  });

  it('is asked by `image pull` as well', async () => {
    const before = state();
    const result = await secure.run('image', 'pull', '--profile', policy, image);
    expect([result.code, errorCode(result)]).toEqual([1, 'SIGNATURE_MISSING']);
    expect(state()).toEqual(before);
    sign();
    expect((await secure.run('image', 'pull', '--profile', policy, image)).code).toBe(0);
  });

  it('leaves no signatures behind when the image goes', async () => {
    layout = ociLayout(join(secure.root, `small-${registry.host}`), { layers: [{ files: [{ path: 'small' }] }] });
    registry.publish(layout);
    sign();
    expect((await secure.run('image', 'pull', '--profile', policy, image)).code).toBe(0);
    const file = join(secure.root, 'state/signatures', `${layout.digest.replace(':', '-')}.json`);
    expect(existsSync(file)).toBe(true);
    expect((await secure.run('image', 'rm', image)).code).toBe(0);
    expect(existsSync(file)).toBe(false);
  });

  it('runs what `image sign` has signed in a registry of another make', async () => {
    const real = await startRegistry(join(secure.root, 'registry'));
    try {
      real.push(busyboxLayout(join(secure.root, 'plain')).directory, 'team/app:1');
      const name = `${real.host}/team/app:1`;
      const signed = await secure.run('image', 'sign', name, '--key', key.secret);
      expect([signed.code, signed.stdout]).toEqual([0, expect.stringContaining(`${real.host}/team/app@sha256:`)]);
      policy = write(key.path, 'signature', `${real.host}/team/*`);
      const words = ['--rm', '--network', 'none', '--profile', policy, name, 'echo', 'ran'];
      expect((await secure.run('run', ...words)).stdout).toBe('ran\n');
      const { outcomes } = await secure.json('image', 'verify', name, '--key', key.path);
      expect(outcomes).toMatchObject([
        { format: 'cosign', accepted: true },
        { format: 'bundle', accepted: true },
      ]);
    } finally {
      await real.stop();
    }
  });

  it('is verified by hand, with a verdict for each signature', async () => {
    const verify = (...flags: string[]) => secure.run('image', 'verify', image, ...flags);
    expect(errorCode(await verify('--key', key.path))).toBe('SIGNATURE_MISSING');
    sign();
    const good = await verify('--key', key.path);
    expect([good.code, good.stdout]).toEqual([0, expect.stringMatching(/accepted .*signed by the key/s)]);
    const bad = await verify('--key', new Key().path);
    expect([bad.code, errorCode(bad), bad.stdout]).toEqual([
      1,
      'SIGNATURE_INVALID',
      expect.stringContaining('refused'),
    ]);
    expect(await secure.json('image', 'verify', image, '--key', key.path)).toMatchObject({
      digests: [layout.digest],
      outcomes: [{ accepted: true, format: 'cosign' }],
    });
  });
});
