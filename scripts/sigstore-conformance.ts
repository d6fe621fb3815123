// SPDX-License-Identifier: Apache-2.0
// The public vectors of sigstore-conformance against what verifies bundles here, by path and by digest.
// Usage: scripts/node scripts/sigstore-conformance.ts VECTORS TRUSTED_ROOT
// VECTORS: test/assets/bundle-verify of github.com/sigstore/sigstore-conformance. TRUSTED_ROOT: trusted_root.json of the public instance,
// for vectors without one of their own.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkSigner, parseBundle } from '../src/runtime/images/signatures/entity.ts';
import { readPublicKey } from '../src/runtime/images/signatures/keys.ts';
import { readTrustedRoot } from '../src/runtime/images/signatures/root.ts';
import type { SigstoreSigner } from '../src/runtime/images/signatures/types.ts';

// What the suite asks for where a vector does not say.
const IDENTITY =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';

const [, , vectors, rootFile] = process.argv;
if (vectors === undefined || rootFile === undefined)
  throw new Error('usage: sigstore-conformance.ts VECTORS TRUSTED_ROOT');

function signerOf(optional: (name: string) => string | undefined): SigstoreSigner {
  const key = optional('key.pub');
  if (key !== undefined) return { kind: 'key', key: readPublicKey(key, 'key.pub') };
  const root = optional('trusted_root.json') ?? readFileSync(String(rootFile), 'utf8');
  return {
    kind: 'keyless',
    identity: { text: (optional('identity') ?? IDENTITY).trim() },
    issuer: { text: (optional('issuer') ?? ISSUER).trim() },
    root: readTrustedRoot(root, 'the trusted root'),
  };
}

function verify(directory: string, byDigest: boolean): void {
  const optional = (name: string) => {
    const path = join(directory, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  };
  const own = join(directory, 'artifact');
  const artifact = readFileSync(existsSync(own) ? own : join(String(vectors), 'a.txt'));
  const sha256 = createHash('sha256').update(artifact).digest();
  const bundle = parseBundle(JSON.parse(optional('bundle.sigstore.json') ?? ''));
  checkSigner(bundle, byDigest ? { sha256 } : artifact, signerOf(optional));
  if (bundle.content.$case !== 'dsseEnvelope') return;
  const { subject } = JSON.parse(bundle.content.dsseEnvelope.payload.toString('utf8')) as {
    subject: { digest: Record<string, string> }[];
  };
  if (!subject.some(({ digest }) => digest.sha256 === sha256.toString('hex')))
    throw new Error('it is about something else');
}

let [passed, failed] = [0, 0];
for (const name of readdirSync(vectors).sort()) {
  const directory = join(vectors, name);
  if (!existsSync(join(directory, 'bundle.sigstore.json'))) continue;
  for (const byDigest of [false, true]) {
    let refused: unknown;
    try {
      verify(directory, byDigest);
    } catch (error) {
      refused = error;
    }
    if (name.endsWith('_fail') === (refused !== undefined)) passed++;
    else {
      failed++;
      console.log(
        `${name} by ${byDigest ? 'digest' : 'path'}: ${refused === undefined ? 'accepted' : String(refused)}`,
      );
    }
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
