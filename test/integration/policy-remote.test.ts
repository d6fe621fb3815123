// SPDX-License-Identifier: Apache-2.0
// Policies of a real registry: pushed, signed, extended by digest, and refused where anything of that is not so.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DockerRegistry, noRegistry, startRegistry } from '../support/docker-registry.ts';
import { FakeRegistry, send } from '../support/registry.ts';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';
import { Key } from '../support/signatures.ts';

describe.skipIf(cannotRun() || noRegistry())('policies of a registry', () => {
  let secure: Secure;
  let registry: DockerRegistry;
  const write = (name: string, body: string) => {
    const path = join(secure.root, name);
    writeFileSync(path, `apiVersion: secure/v1\nkind: Policy\n${body}\n`);
    return path;
  };
  const kept = () => join(secure.root, 'state/policies');
  const push = async (body: string, to: string) => {
    const pushed = await secure.json('policy', 'push', write('pushed.yaml', body), `${registry.host}/policies/${to}`);
    return (pushed as { extends: string }).extends;
  };
  const show = async (body: string) => secure.run('policy', 'show', write('a.yaml', body));
  const validate = async (body: string) => secure.run('policy', 'validate', write('a.yaml', body));

  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
    registry = await startRegistry(join(secure.root, 'registry'));
  });
  afterAll(async () => {
    await registry.stop();
    await secure.destroy();
  });
  beforeEach(() => {
    rmSync(kept(), { recursive: true, force: true });
    rmSync(join(secure.root, 'state/signatures'), { recursive: true, force: true });
  });

  it('are extended by the digest that push says, hold in a run, and are asked for once', async () => {
    const name = await push('extends: default\nrun: {pids: 77}', 'company:1');
    expect(name).toMatch(/^oci:\/\/.*\/policies\/company@sha256:[0-9a-f]{64}$/);
    // Others see an artifact with one layer.
    const raw = execFileSync(
      'skopeo',
      ['inspect', '--tls-verify=false', '--raw', `docker://${registry.host}/policies/company:1`],
      { encoding: 'utf8' },
    );
    expect(JSON.parse(raw)).toMatchObject({
      artifactType: 'application/vnd.secure.policy.v1+yaml',
      layers: [{ size: expect.any(Number) }],
    });
    const mine = write('mine.yaml', `extends: ["${name}"]`);
    const planned = await secure.run('run', '--dry-run', '--json', '--profile', mine, 'busybox', 'true');
    expect(planned, planned.stderr).toMatchObject({ code: 0 });
    const { linux, secure: extension } = JSON.parse(planned.stdout) as {
      linux: { resources: { pids: { limit: number } } };
      secure: { reasons: { control: string; by: { policy: string } }[] };
    };
    expect(linux.resources.pids.limit).toBe(77);
    expect(extension.reasons.find(({ control }) => control === 'pids')?.by.policy).toBe(name);
    await registry.stop();
    expect((await show(`extends: ["${name}"]`)).stdout).toContain(`[${name}:4]`);
    // What is kept counts by its digest: one that was changed is asked for again.
    for (const file of readdirSync(kept()))
      writeFileSync(join(kept(), file), 'apiVersion: secure/v1\nkind: Policy\nextends: baseline\n');
    expect((await show(`extends: ["${name}"]`)).code).not.toBe(0);
    registry = await startRegistry(join(secure.root, 'registry'));
  });

  it('that must be signed are refused unsigned, or signed by another, with the place', async () => {
    const [key, other] = [new Key(), new Key()];
    const name = await push('extends: default\nrun: {pids: 5}', 'signed:1');
    const body = `extends: ["${name}"]\nremote: { require: { cosign: { key: ${key.path} } } }`;
    const place = `${join(secure.root, 'a.yaml')}:3:11`;
    const unsigned = await validate(body);
    expect([unsigned.code, unsigned.stdout]).toEqual([1, expect.stringContaining(`${place}: SIGNATURE_MISSING`)]);
    const sign = (by: Key) => secure.run('image', 'sign', `${registry.host}/policies/signed:1`, '--key', by.secret);
    expect(await sign(other)).toMatchObject({ code: 0 });
    expect((await validate(body)).stdout).toContain(`${place}: SIGNATURE_INVALID`);
    expect(
      errorCode(await secure.run('run', '--rm', '--profile', join(secure.root, 'a.yaml'), 'busybox', 'true')),
    ).toBe('SIGNATURE_INVALID');
    expect(await sign(key)).toMatchObject({ code: 0 });
    expect(await validate(body)).toMatchObject({ code: 0 });
    // The signature is kept beside it; and it is one of this digest only.
    const second = await push('extends: default\nrun: {pids: 6}', 'signed:2');
    expect((await validate(body.replace(name, second))).code).toBe(1);
  });

  it('are refused by a tag, as what they are not, and where they name files', async () => {
    const name = await push('extends: default', 'tagged:1');
    const tagged = await validate(`extends: ["oci://${registry.host}/policies/tagged:1"]`);
    expect([tagged.code, tagged.stdout]).toEqual([1, expect.stringContaining(`now it is ${name}`)]);
    registry.push(join(secure.root, 'layout'), 'team/busybox:1');
    const image = JSON.parse(
      execFileSync('skopeo', ['inspect', '--tls-verify=false', `docker://${registry.host}/team/busybox:1`], {
        encoding: 'utf8',
      }),
    ) as { Digest: string };
    expect((await validate(`extends: ["oci://${registry.host}/team/busybox@${image.Digest}"]`)).stdout).toContain(
      'is no policy',
    );
    write('beside.yaml', 'extends: default');
    const relative = await secure.run(
      'policy',
      'push',
      write('files.yaml', 'extends: ./beside.yaml'),
      `${registry.host}/policies/files:1`,
    );
    expect([errorCode(relative), relative.stderr]).toEqual(['POLICY_INVALID', expect.stringContaining('beside.yaml')]);
    const broken = await secure.run(
      'policy',
      'push',
      write('broken.yaml', 'rnu: {}'),
      `${registry.host}/policies/files:1`,
    );
    expect(errorCode(broken)).toBe('POLICY_UNKNOWN_KEY');
  });

  it('that a registry sends instead of what was asked for are not believed, nor kept', async () => {
    const name = await push('extends: strict', 'honest:1');
    const digest = name.split('@')[1] ?? '';
    const manifest = Buffer.from(
      execFileSync('skopeo', ['inspect', '--tls-verify=false', '--raw', `docker://${registry.host}/policies/honest:1`]),
    );
    const layer = (JSON.parse(manifest.toString()) as { layers: { digest: string }[] }).layers[0]?.digest ?? '';
    const liar = await FakeRegistry.start();
    const at = (what: string) => `/v2/policies/honest/${what}`;
    liar.routes.set('/v2/', send(200, '{}'));
    liar.routes.set(
      at(`manifests/${digest}`),
      send(200, manifest, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }),
    );
    liar.routes.set(
      at(`blobs/${layer}`),
      send(200, readFileSync(join(secure.root, 'pushed.yaml'), 'utf8').replace('strict', 'lenien')),
    );
    const body = `extends: ["oci://${liar.host}/policies/honest@${digest}"]`;
    expect((await validate(body)).stdout).toMatch(/a\.yaml:3:11: DIGEST_MISMATCH/);
    liar.routes.set(
      at(`manifests/${digest}`),
      send(200, manifest.toString().replace('"size":2', '"size":3'), {
        'content-type': 'application/vnd.oci.image.manifest.v1+json',
      }),
    );
    expect((await validate(body)).stdout).toMatch(/a\.yaml:3:11: DIGEST_MISMATCH/);
    expect(existsSync(kept())).toBe(false);
  });
});
