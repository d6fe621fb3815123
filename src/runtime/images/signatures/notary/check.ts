// SPDX-License-Identifier: Apache-2.0
// Holds a signature of the Notary Project against whom it is wanted of (specs/trust-store-trust-policy.md, "Steps").
import { constants, type KeyObject, verify } from 'node:crypto';
import { JsonObject } from '../../oci/json.ts';
import { Refusal } from '../problems.ts';
import type { Candidate, NotarySigner, Requirement, Subject } from '../types.ts';
import type { Certificate } from './certificate.ts';
import { algorithmOf, checkTime, readChain } from './chain.ts';
import { COSE, readCose } from './cose.ts';
import { checkRevoked } from './crl.ts';
import type { Algorithm, Envelope } from './envelope.ts';
import { readJws } from './jws.ts';
import { matchesIdentity, nameText, subjectName } from './names.ts';
import { checkTimestamp } from './timestamp.ts';

export const NOTARY = 'application/vnd.cncf.notary.signature';

function signedWith(key: KeyObject, algorithm: Algorithm, { signed, signature }: Envelope): boolean {
  const hash = `sha${algorithm.slice(2)}`;
  const how = algorithm.startsWith('ES')
    ? { key, dsaEncoding: 'ieee-p1363' as const }
    : { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  try {
    return verify(hash, signed, how, signature);
  } catch {
    // Bytes that are no signature at all.
    return false;
  }
}

function subjectOf(raw: Buffer): ReturnType<typeof subjectName> {
  try {
    return subjectName(raw);
  } catch (error) {
    throw new Refusal((error as Error).message.slice(0, 200));
  }
}

/** Holds a payload whose signature was verified against the image. @throws Refusal */
function checkPayload(payload: Buffer, subject: Subject, identity: Requirement['identity']): void {
  let digest: string;
  try {
    digest = JsonObject.parse(payload, 'SIGNATURE_INVALID', 'the payload').object('targetArtifact').string('digest');
  } catch (error) {
    throw new Refusal((error as Error).message);
  }
  if (!subject.digests.includes(digest)) throw new Refusal(`it is of another image: ${digest.slice(0, 140)}`);
  if (identity === 'repository')
    throw new Refusal('it names no repository, so it may be one for another: accept it with the identity digest-only');
}

/** Every certificate is valid now, or was when an authority that is trusted to tell the time saw the signature. @throws Refusal */
function checkWhen(chain: readonly Certificate[], envelope: Envelope, { timestamps }: NotarySigner, now: number): void {
  const { timestamp, signature } = envelope;
  const trusted = timestamps.certificates.length > 0;
  try {
    const hint = timestamp === undefined || trusted ? '' : '; whose timestamps count is not said';
    checkTime(chain, now, hint);
    return;
  } catch (error) {
    if (!(error instanceof Refusal) || timestamp === undefined || !trusted) throw error;
  }
  const { from, to } = checkTimestamp(timestamp, signature, timestamps);
  for (const time of [from, to]) checkTime(chain, time, ', and its timestamp is of another time');
}

/**
 * Who signed first, and only then what. Times: milliseconds.
 * @throws Refusal
 */
export function checkNotary(
  { envelope: bytes, mediaType }: Candidate & { format: 'notary' },
  subject: Subject,
  identity: Requirement['identity'],
  signer: NotarySigner,
  now = Date.now(),
): void {
  const envelope = mediaType === COSE ? readCose(bytes) : readJws(bytes);
  const chain = readChain(envelope.chain);
  const [leaf] = chain;
  if (leaf === undefined) throw new Refusal('it has no certificate');
  const algorithm = algorithmOf(leaf);
  if (envelope.algorithm !== algorithm)
    throw new Refusal(`it says that it is signed with ${envelope.algorithm}, but the key is one for ${algorithm}`);
  if (!signedWith(leaf.key, algorithm, envelope)) throw new Refusal('it is not signed by its certificate');
  const byAuthority = envelope.scheme === 'notary.x509.signingAuthority';
  const roots = byAuthority ? signer.authorities : signer.roots;
  if (!chain.some(({ x509 }) => roots.certificates.some((root) => root.equals(x509.raw))))
    throw new Refusal(
      `its certificates lead to no root that is trusted ${byAuthority ? 'as a signing authority' : 'for signers'}`,
    );
  const name = subjectOf(leaf.subject);
  if (!signer.identities.some((one) => matchesIdentity(one, name)))
    throw new Refusal(
      `it is signed by ${JSON.stringify(nameText(name).slice(0, 300))}, wanted is ${signer.identities.map(({ text }) => text).join(' or ')}`,
    );
  if (envelope.expiry !== undefined && now >= envelope.expiry)
    throw new Refusal(`it expired at ${new Date(envelope.expiry).toISOString()}`);
  if (byAuthority) checkTime(chain, envelope.signingTime, ', and it was signed at another time');
  else checkWhen(chain, envelope, signer, now);
  checkRevoked(chain, signer.revocations, now);
  checkPayload(envelope.payload, subject, identity);
}
