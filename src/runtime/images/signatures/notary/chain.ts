// SPDX-License-Identifier: Apache-2.0
// Chains of certificates (Notary Project specs/signature-specification.md, "Certificate Requirements").
import { Refusal } from '../problems.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import type { Algorithm } from './envelope.ts';

/** Bits of key usage that a signer must not have: all but digitalSignature and contentCommitment. */
const FORBIDDEN_BITS = [2, 3, 4, 5, 6, 7, 8];
const DIGITAL_SIGNATURE = 0;
const CERT_SIGN = 5;
/** serverAuth, clientAuth, emailProtection, timeStamping, OCSPSigning, any. */
const FORBIDDEN_USAGES = [1, 2, 4, 8, 9].map((n) => `1.3.6.1.5.5.7.3.${n}`).concat('2.5.29.37.0');
const PSS = '1.2.840.113549.1.1.10';
const SHA2 = [1, 2, 3].map((n) => `2.16.840.1.101.3.4.2.${n}`);
/** RSA PKCS #1 v1.5 and ECDSA with SHA-256, 384 and 512, RSASSA-PSS with them, Ed25519. */
const SIGNED_WITH = new Set([
  ...[11, 12, 13].map((n) => `1.2.840.113549.1.1.${n}`),
  ...[2, 3, 4].map((n) => `1.2.840.10045.4.3.${n}`),
  ...SHA2.map((hash) => `${PSS}/${hash}`),
  '1.3.101.112',
]);

export const called = ({ x509 }: Certificate): string =>
  `the certificate of ${JSON.stringify(x509.subject.replaceAll('\n', ', ').slice(0, 200))}`;

/** Whether one was issued by another. */
export function issued(certificate: Certificate, by: Certificate): boolean {
  try {
    return certificate.issuer.equals(by.subject) && certificate.x509.verify(by.key);
  } catch {
    // A signature that is none of this kind of key.
    return false;
  }
}

const selfSigned = (certificate: Certificate): boolean => issued(certificate, certificate);

/** @param below authorities between it and the signer @throws Refusal */
export function checkAuthority(certificate: Certificate, below: number): void {
  const { basic, keyUsage } = certificate;
  if (basic?.critical !== true || !basic.ca) throw new Refusal(`${called(certificate)} is none of an authority`);
  if (basic.pathLength !== undefined && basic.pathLength < below)
    throw new Refusal(
      `${called(certificate)} allows a chain of ${basic.pathLength} authorities below it, not ${below}`,
    );
  if (keyUsage?.critical !== true || !keyUsage.bits.includes(CERT_SIGN))
    throw new Refusal(`${called(certificate)} is not for signing certificates`);
}

function checkSigner(certificate: Certificate): void {
  const { basic, keyUsage, extendedKeyUsage } = certificate;
  if (basic?.ca === true) throw new Refusal(`${called(certificate)} is one of an authority, which signs no image`);
  if (
    keyUsage?.critical !== true ||
    !keyUsage.bits.includes(DIGITAL_SIGNATURE) ||
    keyUsage.bits.some((bit) => FORBIDDEN_BITS.includes(bit)) ||
    extendedKeyUsage.some((usage) => FORBIDDEN_USAGES.includes(usage))
  )
    throw new Refusal(`${called(certificate)} is for other uses than signing`);
}

/** How it is signed, and that nothing in it is critical and not looked at. @throws Refusal */
export function checkForm(certificate: Certificate): void {
  if (!SIGNED_WITH.has(certificate.signedWith))
    throw new Refusal(
      `${called(certificate)} is signed with an algorithm that does not do (${certificate.signedWith})`,
    );
  if (certificate.unknownCritical.length > 0)
    throw new Refusal(
      `${called(certificate)} has a critical extension that is not looked at (${certificate.unknownCritical.join(', ')})`,
    );
}

/** Certificates of an envelope in their order, each as the specification wants it, but for the time. @throws Refusal */
export function readChain(chain: readonly Buffer[]): Certificate[] {
  let certificates: Certificate[];
  try {
    certificates = chain.map(readCertificate);
  } catch {
    throw new Refusal('a certificate of its chain cannot be read');
  }
  const last = certificates.length - 1;
  for (const [i, certificate] of certificates.entries()) {
    checkForm(certificate);
    const by = certificates[i + 1] ?? certificate;
    if (!issued(certificate, by))
      throw new Refusal(`${called(certificate)} was not issued by what follows it, or is no root`);
    if (i < last && selfSigned(certificate))
      throw new Refusal(`${called(certificate)} is a root, but not the last one`);
    if (i === 0) checkSigner(certificate);
    else checkAuthority(certificate, i - 1);
  }
  return certificates;
}

/** How the key of a certificate signs: its kind and size say so, nothing else. @throws Refusal */
export function algorithmOf(certificate: Certificate): Algorithm {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.key;
  const kind = type === 'rsa' ? `RSA of ${details?.modulusLength} bits` : (details?.namedCurve ?? String(type));
  const algorithm = new Map<string, Algorithm>([
    ['RSA of 2048 bits', 'PS256'],
    ['RSA of 3072 bits', 'PS384'],
    ['RSA of 4096 bits', 'PS512'],
    ['prime256v1', 'ES256'],
    ['secp384r1', 'ES384'],
    ['secp521r1', 'ES512'],
  ]).get(kind);
  if (algorithm === undefined) throw new Refusal(`${called(certificate)} has a key that does not do: ${kind}`);
  return algorithm;
}

/** @param time milliseconds @throws Refusal */
export function checkTime(chain: readonly Certificate[], time: number, hint: string): void {
  for (const certificate of chain) {
    const { validFromDate, validToDate } = certificate.x509;
    if (time < validFromDate.getTime() || time > validToDate.getTime())
      throw new Refusal(
        `${called(certificate)} is valid from ${validFromDate.toISOString()} to ${validToDate.toISOString()}${hint}`,
      );
  }
}
