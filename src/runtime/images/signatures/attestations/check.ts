// SPDX-License-Identifier: Apache-2.0
// Who says something about an image, and what. The signature first: nothing that is not signed is read.
import type { Bundle } from '@sigstore/bundle';
import { JsonObject } from '../../oci/json.ts';
import { annotatedMaterial, CERTIFICATE } from '../cosign.ts';
import { checkSigner, parseBundle } from '../entity.ts';
import { signedBy } from '../keys.ts';
import { Refusal } from '../problems.ts';
import { preAuthEncoding } from '../sign.ts';
import { STATEMENT_TYPE } from '../statement.ts';
import { type Candidate, type Requirement, type SigstoreSigner, type Subject, signerText } from '../types.ts';
import { readStatement, type Statement } from './statement.ts';

/** Signatures in one envelope. */
const SIGNATURES = 10;

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Refusal('it is no JSON');
  }
}

function payloadOf({ content }: Bundle): Buffer {
  if (content.$case !== 'dsseEnvelope') throw new Refusal('it is a signature of bytes, not an attestation');
  const { payloadType, payload } = content.dsseEnvelope;
  if (payloadType === STATEMENT_TYPE) return payload;
  throw new Refusal(`its payload is of the type ${JSON.stringify(payloadType.slice(0, 120))}`);
}

function fromBundle(bundle: Bundle, signer: SigstoreSigner): Buffer {
  const payload = payloadOf(bundle);
  checkSigner(bundle, undefined, signer);
  return payload;
}

/** An envelope of cosign 1 and 2, whose certificate and log entry are in annotations. */
function fromEnvelope(
  { envelope, annotations }: Candidate & { format: 'attestation' },
  signer: SigstoreSigner,
): Buffer {
  if (signer.kind === 'keyless') {
    const dsseEnvelope = parsed(envelope);
    const bundle = { ...annotatedMaterial(annotations), dsseEnvelope };
    return fromBundle(parseBundle(bundle), signer);
  }
  if (annotations[CERTIFICATE] !== undefined) throw new Refusal('it is signed with a certificate, not with a key');
  let type: string;
  let payload: Buffer;
  let signatures: Buffer[];
  try {
    const json = JsonObject.parse(envelope, 'SIGNATURE_INVALID', 'the envelope');
    type = json.string('payloadType');
    payload = Buffer.from(json.string('payload'), 'base64');
    signatures = json.objects('signatures', SIGNATURES).map((one) => Buffer.from(one.string('sig'), 'base64'));
  } catch (error) {
    throw new Refusal((error as Error).message);
  }
  if (type !== STATEMENT_TYPE) throw new Refusal(`its payload is of the type ${JSON.stringify(type.slice(0, 120))}`);
  const data = preAuthEncoding(type, payload);
  if (signatures.some((signature) => signedBy(signer.key, data, signature))) return payload;
  throw new Refusal(`it is not signed ${signerText(signer)}`);
}

/**
 * What a candidate says, when this signer has signed it and it is about this image.
 * @throws Refusal
 */
export function checkAttestation(
  candidate: Candidate,
  subject: Subject,
  identity: Requirement['identity'],
  signer: SigstoreSigner,
  kind: string,
): Statement {
  if (candidate.format !== 'bundle' && candidate.format !== 'attestation') throw new Refusal('it is no attestation');
  const payload =
    candidate.format === 'bundle'
      ? fromBundle(parseBundle(parsed(candidate.bundle)), signer)
      : fromEnvelope(candidate, signer);
  return readStatement(payload, subject, identity, kind);
}
