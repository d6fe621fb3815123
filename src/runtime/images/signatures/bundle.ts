// SPDX-License-Identifier: Apache-2.0
// A sigstore bundle about an image, as cosign 3 attaches it: a DSSE envelope around an in-toto statement.
import type { Bundle } from '@sigstore/bundle';
import { parseDigest } from '../digest.ts';
import { checkSigner, parseBundle } from './entity.ts';
import { Refusal } from './problems.ts';
import { checkStatement, STATEMENT_TYPE } from './statement.ts';
import type { Requirement, SigstoreSigner, Subject } from './types.ts';

export const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** A signature of the manifest itself: of its bytes, which its digest stands for. It names no repository. @throws Refusal */
function checkBytes(bundle: Bundle, subject: Subject, identity: Requirement['identity'], signer: SigstoreSigner): void {
  const refusals: Refusal[] = [];
  for (const digest of subject.digests) {
    const parts = parseDigest(digest);
    if (parts?.algorithm !== 'sha256') continue;
    try {
      checkSigner(bundle, { sha256: Buffer.from(parts.hex, 'hex') }, signer);
      if (identity === 'digest-only') return;
      throw new Refusal(
        'it names no repository, so it may be one for another: accept it with the identity digest-only',
      );
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusals.push(error);
    }
  }
  throw refusals[0] ?? new Refusal('it is of another image');
}

/** The signature first: nothing that is not signed is read. @throws Refusal */
export function checkBundle(
  bytes: Buffer,
  subject: Subject,
  identity: Requirement['identity'],
  signer: SigstoreSigner,
): void {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Refusal('it is no JSON');
  }
  const bundle = parseBundle(json);
  const { content } = bundle;
  if (content.$case !== 'dsseEnvelope') {
    checkBytes(bundle, subject, identity, signer);
    return;
  }
  const { payloadType, payload } = content.dsseEnvelope;
  if (payloadType !== STATEMENT_TYPE)
    throw new Refusal(`its payload is of the type ${JSON.stringify(payloadType.slice(0, 120))}`);
  checkSigner(bundle, undefined, signer);
  checkStatement(payload, subject, identity);
}
