// SPDX-License-Identifier: Apache-2.0
// Signatures as cosign 1 and 2 keep them: a layer with the payload, the rest in its annotations (cosign specs/SIGNATURE_SPEC.md).
import { createHash, X509Certificate } from 'node:crypto';
import { JsonObject } from '../oci/json.ts';
import { checkSigner, parseBundle } from './entity.ts';
import { signedBy } from './keys.ts';
import { Refusal } from './problems.ts';
import { checkSimple } from './simple.ts';
import { type Candidate, type Requirement, type SigstoreSigner, type Subject, signerText } from './types.ts';

export const SIGNATURE = 'dev.cosignproject.cosign/signature';
export const CERTIFICATE = 'dev.sigstore.cosign/certificate';
const CHAIN = 'dev.sigstore.cosign/chain';
const REKOR = 'dev.sigstore.cosign/bundle';

function base64(text: string | undefined, what: string): Buffer {
  if (text === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(text))
    throw new Refusal(`its ${what} is missing or no base64`);
  return Buffer.from(text, 'base64');
}

function certificates(pem: string): string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.slice(0, 10).map((block) => new X509Certificate(block).raw.toString('base64'));
  } catch {
    throw new Refusal('its certificate cannot be read');
  }
}

/** Entry of Rekor v1 as a bundle of version 0.1 has it. */
function logEntry(text: string) {
  const json = JsonObject.parse(Buffer.from(text), 'SIGNATURE_INVALID', 'the log entry');
  const entry = json.object('Payload');
  const body = entry.string('body');
  const { kind, apiVersion } = JSON.parse(Buffer.from(body, 'base64').toString('utf8')) as Record<string, unknown>;
  return {
    logIndex: String(entry.integer('logIndex', Number.MAX_SAFE_INTEGER)),
    logId: { keyId: Buffer.from(entry.string('logID'), 'hex').toString('base64') },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(entry.integer('integratedTime', Number.MAX_SAFE_INTEGER)),
    inclusionPromise: { signedEntryTimestamp: json.string('SignedEntryTimestamp') },
    canonicalizedBody: body,
  };
}

/**
 * Certificate and log entry of a keyless signature as a bundle has them, so that one piece of code verifies both forms. The content is missing.
 * @throws Refusal
 */
export function annotatedMaterial(annotations: Readonly<Record<string, string>>) {
  const { [CERTIFICATE]: leaf, [CHAIN]: chain = '', [REKOR]: entry } = annotations;
  if (leaf === undefined) throw new Refusal('it has no certificate');
  if (entry === undefined) throw new Refusal('it has no entry of a transparency log');
  let tlogEntries: object[];
  try {
    tlogEntries = [logEntry(entry)];
  } catch (error) {
    throw new Refusal(`its log entry cannot be read: ${(error as Error).message.slice(0, 200)}`);
  }
  const chained = [...certificates(leaf), ...certificates(chain)].map((rawBytes) => ({ rawBytes }));
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: { x509CertificateChain: { certificates: chained }, tlogEntries },
  };
}

function asBundle(payload: Buffer, signature: Buffer, annotations: Readonly<Record<string, string>>) {
  const digest = createHash('sha256').update(payload).digest('base64');
  return parseBundle({
    ...annotatedMaterial(annotations),
    messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest }, signature: signature.toString('base64') },
  });
}

/** The signature first: nothing that is not signed is read. @throws Refusal */
export function checkCosign(
  { payload, annotations }: Candidate & { format: 'cosign' },
  subject: Subject,
  identity: Requirement['identity'],
  signer: SigstoreSigner,
): void {
  const signature = base64(annotations[SIGNATURE], 'signature');
  if (signer.kind === 'keyless') checkSigner(asBundle(payload, signature, annotations), payload, signer);
  else if (!signedBy(signer.key, payload, signature)) throw new Refusal(`it is not signed ${signerText(signer)}`);
  checkSimple(payload, subject, identity);
}
