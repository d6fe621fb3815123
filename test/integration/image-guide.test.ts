// SPDX-License-Identifier: Apache-2.0
// docs/guide/signatures.md does what it says: its commands run, in its order, with a registry and an instance of sigstore of our own in place of those that it names.

import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseReference } from '../../src/runtime/images/reference.ts';
import { pushArtifact } from '../../src/runtime/registry/push/artifact.ts';
import { CLI } from '../support/cli.ts';
import { MemoryRegistry } from '../support/memory-registry.ts';
import { envelope, issue, JWS, NOTARY } from '../support/notary.ts';
import { FakeRegistry, MANIFEST } from '../support/registry.ts';
import { cannotRun, Secure } from '../support/secure.ts';
import { BUNDLE, encoded, Key, keyedBundle, Sigstore, statement } from '../support/signatures.ts';
import { TufRepository } from '../support/tuf.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(ROOT, 'docs/guide/signatures.md'), 'utf8');
const blocks = [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', body = '']) => ({
  language,
  body,
}));

describe.skipIf(cannotRun())('the guide to signatures', { timeout: 180_000 }, () => {
  let secure: Secure;
  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
  });
  afterAll(() => secure.destroy());

  const file = (name: string) => join(secure.root, name);

  /** What others have signed, and where the guide has it. */
  async function others(host: string): Promise<string> {
    const signed = async (
      name: string,
      make: (digest: string) => Promise<[type: string, layer: string, data: Buffer]>,
    ) => {
      const { stdout } = await secure.run('image', 'push', 'busybox', `${host}/${name}:1`, '--json');
      const { digest } = JSON.parse(stdout) as { digest: string };
      const [artifactType, mediaType, data] = await make(digest);
      const subject = { mediaType: MANIFEST, digest, size: 1 };
      await pushArtifact(
        parseReference(`${host}/${name}:1`),
        { artifactType, subject, layers: [{ mediaType, data }] },
        {},
      );
    };
    const sigstore = await Sigstore.create();
    await signed('acme/app', async (digest) => [
      BUNDLE,
      BUNDLE,
      await sigstore.bundle(statement(`${host}/acme/app`, digest), 'ci@acme.example'),
    ]);
    const root = issue({ subject: '/C=US/ST=WA/O=acme.example/CN=root' });
    copyFileSync(root.cert, file('acme-ca.pem'));
    await signed('sales/app', async (digest) => [NOTARY, JWS, envelope(JWS, digest, [issue({}, root), root])]);
    const ci = new Key();
    copyFileSync(ci.path, file('ci.pub'));
    await signed('team/app', async (digest) => {
      const payload = statement(`${host}/team/app`, digest, 'https://slsa.dev/provenance/v1');
      return [BUNDLE, BUNDLE, keyedBundle(payload, ci.sign(encoded(payload)))];
    });
    const tuf = new TufRepository();
    writeFileSync(file('root.json'), tuf.root());
    tuf.release({ 'trusted_root.json': JSON.stringify(sigstore.root) });
    tuf.write(file('tuf'));
    return `--mirror file://${file('tuf')} --root root.json --output trusted_root.json`;
  }

  it('is true', async () => {
    const registry = await FakeRegistry.start();
    registry.fallback = new MemoryRegistry().reply;
    const { host } = registry;
    const mirror = await others(host);
    await secure.run('image', 'tag', 'busybox', `${host}/team/app:1`);
    writeFileSync(file('secure'), `#!/bin/sh\nexec "${process.execPath}" -- "${CLI}" "$@"\n`, {
      mode: 0o755,
    });
    writeFileSync(file('policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}');
    const here = (body: string): string =>
      body
        .replaceAll('registry.example', host)
        .replaceAll('ghcr.io/acme/app', `${host}/acme/app:1`)
        .replace('-aes256', '-aes256 -pass env:SECURE_KEY_PASSPHRASE')
        .replace('openssl pkey', 'openssl pkey -passin env:SECURE_KEY_PASSPHRASE')
        .replace('secure image trust update', `secure image trust update ${mirror}`)
        .replace('--trusted-root sigstore', '--trusted-root trusted_root.json')
        .replace('/etc/containers/policy.json > policy.yaml', 'policy.json > podman.yaml')
        .replace('secure policy validate policy.yaml', 'secure policy validate podman.yaml')
        // What was pushed from here would not be pulled.
        .replace('secure run', `secure image rm ${host}/team/app:1; secure run --rm --network none`)
        .replace(/ \| jq .*/g, '');
    const run: string[] = [];
    for (const { language, body } of blocks) {
      // Somebody else's registry, and a key that Red Hat's systems have.
      if (body.includes('registry.redhat.io')) continue;
      if (language === 'yaml') {
        writeFileSync(file('policy.yaml'), here(body));
        continue;
      }
      const script = `set -e; exec </dev/null; PATH="${secure.root}:$PATH"; SECURE_KEY_PASSPHRASE=secret; export SECURE_KEY_PASSPHRASE\n${here(body)}`;
      const { code, stderr } = await secure.shell(script);
      expect(code, `${body}\n${stderr}`).toBe(0);
      run.push(body);
    }
    expect(run.length).toBeGreaterThanOrEqual(7);
    // The policy that was written holds.
    expect(
      (await secure.run('run', '--rm', '--network', 'none', '--profile', 'policy.yaml', `${host}/sales/app:1`, 'true'))
        .code,
    ).toBe(125);
  });
});
