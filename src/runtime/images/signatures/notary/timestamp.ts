// SPDX-License-Identifier: Apache-2.0
// Holds the timestamp of a signature against authorities that are trusted to tell the time (Notary Project specs/signature-specification.md,
// "Unsigned Attributes"; RFC 3161, 2.3).
import { createHash } from 'node:crypto';
import { Refusal } from '../problems.ts';
import { serialText, signedWith } from './asn1.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { called, checkAuthority, checkForm, checkTime, issued } from './chain.ts';
import type { Roots } from './roots.ts';
import { readToken, type Token } from './token.ts';

const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const DIGITAL_SIGNATURE = 0;
const DEPTH = 10;

/** When a signature was there already, in milliseconds: somewhere from `from` to `to`. */
export interface Moment {
  readonly from: number;
  readonly to: number;
}

const hashed = (hash: string, data: Buffer): Buffer => createHash(hash).update(data).digest();
function certificatesOf(token: Token, roots: Roots): Certificate[] {
  // What is there beside may be of any kind; only what is needed has to be read.
  return [...token.certificates, ...roots.certificates].flatMap((der) => {
    try {
      return [readCertificate(der)];
    } catch {
      return [];
    }
  });
}

function signerOf(token: Token, all: readonly Certificate[]): Certificate {
  const { issuer, serial } = token.signer;
  const found = all.find(
    (one) => one.issuer.equals(issuer) && serialText(Buffer.from(one.x509.serialNumber, 'hex')) === serialText(serial),
  );
  if (found === undefined) throw new Refusal('the certificate of its timestamp is missing');
  const { hash, digest } = token.certificateHash;
  if (!hashed(hash, found.x509.raw).equals(digest)) throw new Refusal('its timestamp names another certificate');
  return found;
}

function checkSigner(certificate: Certificate): void {
  const { basic, keyUsage, extendedKeyUsage, extendedKeyUsageCritical } = certificate;
  const [only, ...more] = extendedKeyUsage;
  if (basic?.ca === true || !(keyUsage?.bits.includes(DIGITAL_SIGNATURE) ?? true) || only !== TIME_STAMPING)
    throw new Refusal(`${called(certificate)} is not for timestamps`);
  if (more.length > 0 || !extendedKeyUsageCritical)
    throw new Refusal(`${called(certificate)} is not for timestamps alone, as it has to be`);
}

/** From who signed to a root that is trusted, each as it has to be. */
function chainOf(signer: Certificate, all: readonly Certificate[], roots: Roots): Certificate[] {
  const chain = [signer];
  for (let last = signer; !roots.certificates.some((root) => root.equals(last.x509.raw)); ) {
    const next = all.find((one) => one !== last && issued(last, one));
    if (next === undefined || chain.length >= DEPTH)
      throw new Refusal('its timestamp leads to no root that is trusted');
    checkAuthority(next, chain.length - 1);
    chain.push(next);
    last = next;
  }
  for (const certificate of chain) checkForm(certificate);
  return chain;
}

/**
 * When the signature was there already. @param seen what the timestamp has to be of
 * @throws Refusal
 */
export function checkTimestamp(der: Buffer, seen: Buffer, roots: Roots): Moment {
  let token: Token;
  try {
    token = readToken(der);
  } catch (error) {
    throw new Refusal(`its timestamp cannot be read: ${(error as Error).message}`);
  }
  const all = certificatesOf(token, roots);
  const signer = signerOf(token, all);
  checkSigner(signer);
  const chain = chainOf(signer, all, roots);
  const { digest, content, attributes, algorithm, signature, imprint, time, accuracy } = token;
  if (
    !hashed(digest.hash, content).equals(digest.value) ||
    !signedWith(algorithm, digest.hash, attributes, signer.key, signature)
  )
    throw new Refusal('its timestamp is not signed by its certificate');
  if (!hashed(imprint.hash, seen).equals(imprint.digest)) throw new Refusal('its timestamp is of another signature');
  checkTime(chain, time, ', and made a timestamp at another time');
  return { from: time - accuracy, to: time + accuracy };
}
