// SPDX-License-Identifier: Apache-2.0
// Whose certificates count, from a mirror to a start: `image trust`, a policy, `image verify`.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { busyboxLayout } from '../support/oci.ts';
import { FakeRegistry } from '../support/registry.ts';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';
import { ISSUER, offerCosign, Sigstore, simple } from '../support/signatures.ts';
import { TufRepository } from '../support/tuf.ts';

describe.skipIf(cannotRun())('the trusted root of an instance', () => {
  let secure: Secure;
  let server: FakeRegistry;
  let tuf: TufRepository;
  let sigstore: Sigstore;
  let mirror = '';
  let pin = '';
  let image = '';
  let policy = '';
  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
  });
  afterAll(() => secure.destroy());
  beforeEach(async () => {
    const images = (await secure.run('image', 'ls', '-q')).stdout.split('\n').filter((name) => name.includes('/team/'));
    if (images.length > 0) await secure.run('image', 'rm', ...images);
    for (const name of ['signatures', 'trust'])
      rmSync(join(secure.root, 'state', name), { recursive: true, force: true });
    [server, sigstore, tuf] = [await FakeRegistry.start(), await Sigstore.create(), new TufRepository()];
    const layout = busyboxLayout(join(secure.root, `layout-${server.host}`));
    server.publish(layout);
    image = `${server.host}/team/app:1`;
    const payload = simple(`${server.host}/team/app`, layout.digest);
    offerCosign(server, layout.digest, [{ payload, annotations: await sigstore.cosign(payload, 'ci@acme.example') }]);
    pin = join(secure.root, 'root.json');
    writeFileSync(pin, tuf.root());
    release(sigstore);
    policy = join(secure.root, 'policy.yaml');
    writeFileSync(
      policy,
      `apiVersion: secure/v1
kind: Policy
extends: default
run: { origins: { pulled: signature } }
images:
  - match: "${server.host}/team/*"
    require:
      cosign:
        identity: ci@acme.example
        issuer: ${ISSUER}
        trustedRoot: { mirror: "${mirror}", root: root.json }
`,
    );
  });

  const release = ({ root }: Sigstore) => {
    tuf.release({ 'trusted_root.json': JSON.stringify(root) });
    mirror = tuf.serve(server);
  };
  const run = (...flags: string[]) =>
    secure.run('run', '--rm', '--network', 'none', '--profile', policy, ...flags, image, 'echo', 'ran');
  const kept = (): string => {
    const directory = join(secure.root, 'state/trust');
    return join(directory, readdirSync(directory).find((name) => name.endsWith('.json')) ?? '');
  };
  const update = (...flags: string[]) =>
    secure.run('image', 'trust', 'update', '--mirror', mirror, '--root', pin, ...flags);

  it('is what a policy asks for, and a start needs no mirror', async () => {
    expect(errorCode(await run())).toBe('TRUST_MISSING');
    const updated = await update();
    expect([updated.code, updated.stdout]).toEqual([0, expect.stringContaining(`${mirror}: root 1, targets 1`)]);
    expect((await run()).stdout).toBe('ran\n');
    server.routes.clear();
    expect((await run()).stdout).toBe('ran\n');
    const shown = await secure.json('image', 'trust', 'show', '--mirror', mirror, '--root', pin);
    expect(shown).toMatchObject({ mirror, versions: { root: 1, targets: 1 } });
  });

  it('that is replaced replaces whose signatures count', async () => {
    await update();
    expect((await run()).stdout).toBe('ran\n');
    release(await Sigstore.create());
    expect((await update()).code).toBe(0);
    expect(errorCode(await run())).toBe('SIGNATURE_INVALID');
  });

  it('that has expired lets nothing start, and says what to do', async () => {
    expect((await update()).code).toBe(0);
    expect((await run()).stdout).toBe('ran\n');
    // As if it had lain here since then; test/runtime/images/trust.test.ts waits for it.
    const document = JSON.parse(readFileSync(kept(), 'utf8')) as object;
    writeFileSync(kept(), JSON.stringify({ ...document, expires: '2020-01-01T00:00:00Z' }));
    const refused = await run('--pull', 'never');
    expect([errorCode(refused), refused.stderr]).toEqual([
      'TRUST_EXPIRED',
      expect.stringContaining('secure image trust update'),
    ]);
    tuf.expires.timestamp = '2020-01-01T00:00:00Z';
    release(sigstore);
    expect(errorCode(await update())).toBe('TRUST_EXPIRED');
    tuf.expires.timestamp = '2099-01-01T00:00:00Z';
    release(sigstore);
    expect((await update()).code).toBe(0);
    expect((await run('--pull', 'never')).stdout).toBe('ran\n');
  });

  it('is written where it was asked for, for `image verify` and other tools', async () => {
    const file = join(secure.root, 'trusted_root.json');
    expect((await update('--output', file)).code).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(sigstore.root)));
    const verify = (root: string) =>
      secure.run(
        ...['image', 'verify', image, '--certificate-identity', 'ci@acme.example'],
        ...['--certificate-oidc-issuer', ISSUER, '--trusted-root', root],
      );
    expect((await verify(file)).code).toBe(0);
    expect(errorCode(await verify('sigstore'))).toBe('TRUST_MISSING');
    expect(errorCode(await update('--output', '/nowhere/file'))).toBe('OUTPUT_REFUSED');
  });

  it('is the old one or the new one, whenever an update is killed', async () => {
    expect((await update()).code).toBe(0);
    const before = readFileSync(kept(), 'utf8');
    release(await Sigstore.create());
    // Everything is there but the last file, for which it waits.
    const [target = ''] = [...server.routes.keys()].filter((path) => path.endsWith('.trusted_root.json')).slice(-1);
    const asked = new Promise<void>((resolve) => server.routes.set(target, () => resolve()));
    const child = secure.start('image', 'trust', 'update', '--mirror', mirror, '--root', pin);
    const ended = new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)));
    await asked;
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    expect(readFileSync(kept(), 'utf8')).toBe(before);
    expect((await run()).stdout).toBe('ran\n');
    tuf.serve(server);
    expect((await update()).code).toBe(0);
    expect(readFileSync(kept(), 'utf8')).not.toBe(before);
  });

  it('is refused with an exit code of its own kind', async () => {
    const codes = async (...words: string[]) => {
      const result = await secure.run('image', 'trust', ...words);
      return [result.code, errorCode(result)];
    };
    expect(await codes('show')).toEqual([2, 'TRUST_MISSING']);
    expect(await codes('update', '--mirror', mirror)).toEqual([1, 'TRUST_INVALID']);
    expect(await codes('update', '--mirror', 'http://127.0.0.1:1', '--root', pin)).toEqual([1, 'TRUST_UNREACHABLE']);
    expect(await codes('forget')).toEqual([2, 'INVALID_VALUE']);
  });
});
