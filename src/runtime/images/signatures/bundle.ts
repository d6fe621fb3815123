// SPDX-License-Identifier: Apache-2.0
// A sigstore bundle about an image, as cosign 3 attaches it: a DSSE envelope around an in-toto statement.
import { checkSigner, parseBundle } from './entity.ts';
import { Refusal } from './problems.ts';
import { checkStatement, STATEMENT_TYPE } from './statement.ts';
import type { Requirement, Signer, Subject } from './types.ts';

export const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** The signature first: nothing that is not signed is read. @throws Refusal */
export function checkBundle(bytes: Buffer, subject: Subject, identity: Requirement['identity'], signer: Signer): void {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Refusal('it is no JSON');
  }
  const bundle = parseBundle(json);
  const { content } = bundle;
  if (content.$case !== 'dsseEnvelope') throw new Refusal('it signs bytes, and not a statement about an image');
  const { payloadType, payload } = content.dsseEnvelope;
  if (payloadType !== STATEMENT_TYPE)
    throw new Refusal(`its payload is of the type ${JSON.stringify(payloadType.slice(0, 120))}`);
  checkSigner(bundle, undefined, signer);
  checkStatement(payload, subject, identity);
}
