// SPDX-License-Identifier: Apache-2.0
// Certificates that are trusted, from files in PEM: the trust store of the Notary Project.
import { keyInvalid } from '../problems.ts';
import { type Certificate, readCertificate } from './certificate.ts';

export interface Roots {
  /** What they are called in messages: their files. */
  readonly name: string;
  /** In DER. */
  readonly certificates: readonly Buffer[];
}

const BLOCK = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g;
const HINT = 'give the certificates of authorities in PEM, as -----BEGIN CERTIFICATE----- begins them';

/** @throws SecureError KEY_INVALID */
export function readRoots(pem: string, name: string): Buffer[] {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) throw keyInvalid(name, 'it holds a private key', HINT);
  const found = [...pem.matchAll(BLOCK)].map(([, text = '']) => Buffer.from(text, 'base64'));
  const whole = pem.match(/-----BEGIN /g)?.length ?? 0;
  if (found.length === 0 || found.length !== whole)
    throw keyInvalid(name, 'it is no list of certificates in PEM', HINT);
  for (const der of found) {
    let certificate: Certificate;
    try {
      certificate = readCertificate(der);
    } catch (cause) {
      throw keyInvalid(name, 'a certificate of it cannot be read', 'check that the file is whole', cause);
    }
    // The certificate of a signer that is no root would trust that signer whoever revokes it.
    if (certificate.basic?.ca !== true && !certificate.issuer.equals(certificate.subject))
      throw keyInvalid(name, `${JSON.stringify(certificate.x509.subject.slice(0, 120))} is no authority`, HINT);
  }
  return found;
}
