// SPDX-License-Identifier: Apache-2.0
// A certificate as the Notary Project looks at it. What node:crypto tells of one leaves out what is critical, the usages of its key and
// how it was signed.
import { type KeyObject, X509Certificate } from 'node:crypto';
import { type Der, oidText, readDer, readOne, TAG } from './der.ts';

interface Extension {
  readonly critical: boolean;
  readonly value: Buffer;
}

export interface Certificate {
  readonly x509: X509Certificate;
  readonly key: KeyObject;
  /** Names as they are encoded. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  /** OID of how it was signed, and of the hash where that is a parameter (RSASSA-PSS). */
  readonly signedWith: string;
  readonly basic?: { readonly critical: boolean; readonly ca: boolean; readonly pathLength?: number };
  /** Numbers of the bits that are set (RFC 5280, 4.2.1.3). */
  readonly keyUsage?: { readonly critical: boolean; readonly bits: readonly number[] };
  /** OIDs; none where the certificate does not say. */
  readonly extendedKeyUsage: readonly string[];
  readonly extendedKeyUsageCritical: boolean;
  /** OIDs of critical extensions that are not looked at here: name constraints and policies among them (RFC 5280, 4.2). */
  readonly unknownCritical: readonly string[];
}

const PSS = '1.2.840.113549.1.1.10';
const SHA1 = '1.3.14.3.2.26';
const EXTENSIONS = 0xa3;
const KNOWN = { basic: '2.5.29.19', keyUsage: '2.5.29.15', extendedKeyUsage: '2.5.29.37' };

function signedWith(algorithm: Der): string {
  const [oid, parameters] = readDer(algorithm.value);
  if (oid === undefined) throw new RangeError('no algorithm');
  if (oidText(oid) !== PSS) return oidText(oid);
  // RFC 4055, 3.1: SHA-1 where the parameters do not say.
  const hash = readDer(parameters?.value ?? Buffer.alloc(0)).find(({ tag }) => tag === 0xa0);
  const name = hash && readDer(readOne(hash.value, TAG.sequence).value)[0];
  return `${PSS}/${name === undefined ? SHA1 : oidText(name)}`;
}

function extensions(part: Der | undefined): Map<string, Extension> {
  const found = new Map<string, Extension>();
  if (part === undefined) return found;
  for (const { value } of readDer(readOne(part.value, TAG.sequence).value)) {
    const [oid, second, third] = readDer(value);
    const octets = third ?? second;
    if (oid === undefined || octets?.tag !== TAG.octets) throw new RangeError('an extension that is none');
    const name = oidText(oid);
    if (found.has(name)) throw new RangeError(`the extension ${name} twice`);
    const critical = third !== undefined && second?.tag === TAG.boolean && second.value[0] !== 0;
    found.set(name, { critical, value: octets.value });
  }
  return found;
}

function basicConstraints({ critical, value }: Extension): NonNullable<Certificate['basic']> {
  const parts = readDer(readOne(value, TAG.sequence).value);
  const ca = parts.some(({ tag, value: octets }) => tag === TAG.boolean && octets[0] === 0xff);
  const length = parts.find(({ tag }) => tag === TAG.integer)?.value;
  if (length === undefined) return { critical, ca };
  if (length.length !== 1 || (length[0] ?? 0x80) >= 0x80) throw new RangeError('a path length that is none');
  return { critical, ca, pathLength: length[0] ?? 0 };
}

function keyUsage({ critical, value }: Extension): NonNullable<Certificate['keyUsage']> {
  const [, ...octets] = readOne(value, TAG.bits).value;
  const bits = [...octets.entries()].flatMap(([i, octet]) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => ((octet << bit) & 0x80) !== 0).map((bit) => 8 * i + bit),
  );
  return { critical, bits };
}

/** @throws RangeError, or an error of node:crypto */
export function readCertificate(der: Buffer): Certificate {
  const x509 = new X509Certificate(der);
  const [toBeSigned, algorithm] = readDer(readOne(der, TAG.sequence).value);
  if (toBeSigned === undefined || algorithm === undefined) throw new RangeError('no certificate');
  const parts = readDer(toBeSigned.value);
  // Version (left out in certificates of version 1), serial number, algorithm, issuer, validity, subject.
  const [, , issuer, , subject] = parts[0]?.tag === 0xa0 ? parts.slice(1) : parts;
  if (issuer === undefined || subject === undefined) throw new RangeError('no certificate');
  const found = extensions(parts.find(({ tag }) => tag === EXTENSIONS));
  const [basic, usage, extended] = [KNOWN.basic, KNOWN.keyUsage, KNOWN.extendedKeyUsage].map((oid) => found.get(oid));
  const unknown = [...found].filter(([oid, { critical }]) => critical && !Object.values(KNOWN).includes(oid));
  return {
    x509,
    // Read here: of a key that is none node:crypto tells only when it is asked.
    key: x509.publicKey,
    issuer: issuer.raw,
    subject: subject.raw,
    signedWith: signedWith(algorithm),
    ...(basic === undefined ? {} : { basic: basicConstraints(basic) }),
    ...(usage === undefined ? {} : { keyUsage: keyUsage(usage) }),
    unknownCritical: unknown.map(([oid]) => oid),
    extendedKeyUsageCritical: extended?.critical ?? false,
    extendedKeyUsage:
      extended === undefined ? [] : readDer(readOne(extended.value, TAG.sequence).value).map((oid) => oidText(oid)),
  };
}
