// SPDX-License-Identifier: Apache-2.0
// Times and signatures as CMS and lists of revoked certificates have them (RFC 5280, 4.1.2.5; RFC 4055; RFC 5758).
import { type KeyObject, verify } from 'node:crypto';
import { type Der, oidText, readDer } from './der.ts';

const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;

/** Milliseconds. @throws RangeError */
export function timeOf({ tag, value }: Der): number {
  const text = value.toString('latin1');
  const form =
    tag === UTC_TIME
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
      : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?Z$/;
  const found = tag === UTC_TIME || tag === GENERALIZED_TIME ? form.exec(text) : null;
  if (found === null) throw new RangeError('no time');
  const [, year = '', month, day, hour, minute, second, fraction = '0'] = found;
  // Years of two digits: from 1950 to 2049.
  const full = year.length === 4 ? year : `${Number(year) < 50 ? '20' : '19'}${year}`;
  const time = Date.parse(
    `${full}-${month}-${day}T${hour}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, '0')}Z`,
  );
  if (Number.isNaN(time)) throw new RangeError('no time');
  return time;
}

/** A serial number in hex, without what DER or openssl put before it. */
export const serialText = (serial: Buffer): string => serial.toString('hex').replace(/^0+(?=.)/, '');

export const SHA2: ReadonlyMap<string, string> = new Map([
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);

/** The OID of an AlgorithmIdentifier. @throws RangeError */
export function algorithmOid({ value }: Der): string {
  const [oid] = readDer(value);
  if (oid === undefined) throw new RangeError('no algorithm');
  return oidText(oid);
}

/** `rsaEncryption` leaves the hash to whoever says it elsewhere. */
const RSA = '1.2.840.113549.1.1.1';
const SIGNATURES: ReadonlyMap<string, readonly [key: string, hash: string]> = new Map([
  ['1.2.840.113549.1.1.11', ['rsa', 'sha256']],
  ['1.2.840.113549.1.1.12', ['rsa', 'sha384']],
  ['1.2.840.113549.1.1.13', ['rsa', 'sha512']],
  ['1.2.840.10045.4.3.2', ['ec', 'sha256']],
  ['1.2.840.10045.4.3.3', ['ec', 'sha384']],
  ['1.2.840.10045.4.3.4', ['ec', 'sha512']],
]);
const MODULUS_BITS = 2048;

/** Whether it is a signature of `data`, PKCS #1 v1.5 or ECDSA over SHA-2. @param hash for an algorithm that names none */
export function signedWith(
  algorithm: string,
  hash: string | undefined,
  data: Buffer,
  key: KeyObject,
  signature: Buffer,
) {
  const [kind, name] = algorithm === RSA ? ['rsa', hash] : (SIGNATURES.get(algorithm) ?? []);
  if (kind === undefined || name === undefined || key.asymmetricKeyType !== kind) return false;
  if (kind === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < MODULUS_BITS) return false;
  try {
    return verify(name, data, key, signature);
  } catch {
    // Bytes that are no signature at all.
    return false;
  }
}
