// SPDX-License-Identifier: Apache-2.0
// How many keyed signatures of images one processor verifies in a second, in-process: cosign's and bundles, as `image verify` does it, with
// parsing, repository and digest. Beside it what node:crypto needs for the signature alone, which is the floor.
// Usage: signatures.ts [COUNT]
import { createHash, generateKeyPairSync, sign, verify as verifyAlone } from 'node:crypto';
import type { Candidate, Requirement } from '../src/runtime/images/signatures/types.ts';
import { verify } from '../src/runtime/images/signatures/verify.ts';

const count = Number(process.argv[2] ?? 1000);
const REPOSITORY = 'registry.example/team/app';
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const STATEMENT = 'application/vnd.in-toto+json';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const requirement: Requirement = {
  signers: [{ kind: 'key', key: { name: 'bench', key: publicKey } }],
  identity: 'repository',
};

const digestOf = (i: number) => `sha256:${createHash('sha256').update(String(i)).digest('hex')}`;

function cosign(digest: string): Candidate {
  const critical = {
    identity: { 'docker-reference': REPOSITORY },
    image: { 'docker-manifest-digest': digest },
    type: 'cosign container image signature',
  };
  const payload = Buffer.from(JSON.stringify({ critical, optional: {} }));
  const signature = sign('sha256', payload, privateKey).toString('base64');
  return {
    format: 'cosign',
    place: 'bench',
    payload,
    annotations: { 'dev.cosignproject.cosign/signature': signature },
  };
}

function bundle(digest: string): Candidate {
  const subject = [{ name: REPOSITORY, digest: { sha256: digest.slice('sha256:'.length) } }];
  const predicateType = 'https://sigstore.dev/cosign/sign/v1';
  const payload = Buffer.from(
    JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate: {} }),
  );
  const encoded = Buffer.concat([Buffer.from(`DSSEv1 ${STATEMENT.length} ${STATEMENT} ${payload.length} `), payload]);
  const document = {
    mediaType: BUNDLE,
    verificationMaterial: { publicKey: { hint: 'aGludA==' }, tlogEntries: [] },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType: STATEMENT,
      signatures: [{ sig: sign('sha256', encoded, privateKey).toString('base64') }],
    },
  };
  return { format: 'bundle', place: 'bench', bundle: Buffer.from(JSON.stringify(document)) };
}

/** Seconds for all of them; one that is not accepted is an error. */
function timed(candidates: readonly Candidate[]): number {
  const since = performance.now();
  for (const [i, candidate] of candidates.entries()) {
    const [outcome] = verify([candidate], { repository: REPOSITORY, digests: [digestOf(i)] }, requirement);
    if (outcome?.accepted !== true) throw new Error(outcome?.text);
  }
  return (performance.now() - since) / 1000;
}

function floor(): number {
  const data = Buffer.alloc(200, 1);
  const signature = sign('sha256', data, privateKey);
  const since = performance.now();
  for (let i = 0; i < count; i++) if (!verifyAlone('sha256', data, publicKey, signature)) throw new Error('no');
  return (performance.now() - since) / 1000;
}

const rows: (readonly [string, () => number])[] = [
  [
    'cosign signatures',
    (
      (all) => () =>
        timed(all)
    )(Array.from({ length: count }, (_, i) => cosign(digestOf(i)))),
  ],
  [
    'sigstore bundles',
    (
      (all) => () =>
        timed(all)
    )(Array.from({ length: count }, (_, i) => bundle(digestOf(i)))),
  ],
  ['node:crypto alone', floor],
];
console.log(
  `\n${count} keyed signatures (P-256), one after the other in one process\n  ${''.padEnd(26)}per second (first, best of 5)`,
);
for (const [name, run] of rows) {
  const rates = Array.from({ length: 5 }, () => Math.round(count / run()));
  console.log(`  ${name.padEnd(26)}${String(rates[0]).padStart(10)} ${String(Math.max(...rates)).padStart(10)}`);
}
