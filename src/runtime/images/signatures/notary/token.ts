// SPDX-License-Identifier: Apache-2.0
// Timestamp tokens (RFC 3161, 2.4.2, with RFC 5816): a CMS SignedData (RFC 5652, 5) around what was seen, and when. Nothing here is verified yet.
import { algorithmOid, SHA2, timeOf } from './asn1.ts';
import { type Der, oidText, readDer, readOne, TAG } from './der.ts';

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const TST_INFO = '1.2.840.113549.1.9.16.1.4';
const ATTRIBUTE = {
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
};
const CONTEXT = { zero: 0xa0, primitiveZero: 0x80, primitiveOne: 0x81 };
/** Certificates in a token: a chain, and perhaps another one. */
const CERTIFICATES = 20;

export interface Token {
  /** Hash by name, and what it gave of the thing that was seen. */
  readonly imprint: { readonly hash: string; readonly digest: Buffer };
  /** Milliseconds, and by how many it may be wrong. */
  readonly time: number;
  readonly accuracy: number;
  readonly certificates: readonly Buffer[];
  /** Of the certificate of who signed. */
  readonly signer: { readonly issuer: Buffer; readonly serial: Buffer };
  /** The certificate's hash, as who signed says it: by SHA-1 in the older form, which identifies and protects nothing. */
  readonly certificateHash: { readonly hash: string; readonly digest: Buffer };
  /** What is hashed into the attributes, with which hash, and what they have. */
  readonly content: Buffer;
  readonly digest: { readonly hash: string; readonly value: Buffer };
  /** What the signature is of. */
  readonly attributes: Buffer;
  readonly algorithm: string;
  readonly signature: Buffer;
}

function at(parts: readonly Der[], index: number, tag?: number): Der {
  const part = parts[index];
  if (part === undefined || (tag !== undefined && part.tag !== tag)) throw new RangeError('a part that is missing');
  return part;
}

function hashOf(algorithm: Der): string {
  const name = SHA2.get(algorithmOid(algorithm));
  if (name === undefined) throw new RangeError('a hash that does not do');
  return name;
}

/** Seconds, milli- and microseconds (RFC 3161, "Accuracy"). */
function accuracyOf(part: Der | undefined): number {
  const number = (tag: number) => {
    const value = parts.find((one) => one.tag === tag)?.value ?? Buffer.alloc(1);
    if (value.length > 4 || (value[0] ?? 0x80) >= 0x80) throw new RangeError('an accuracy that is none');
    return value.readUIntBE(0, value.length);
  };
  const parts = part === undefined ? [] : readDer(part.value);
  return 1000 * number(TAG.integer) + number(CONTEXT.primitiveZero) + Math.ceil(number(CONTEXT.primitiveOne) / 1000);
}

function readInfo(octets: Buffer): Pick<Token, 'imprint' | 'time' | 'accuracy'> {
  const [version, , imprint, , time, ...rest] = readDer(readOne(octets, TAG.sequence).value);
  if (version?.value.equals(Buffer.from([1])) !== true || imprint === undefined || time === undefined)
    throw new RangeError('no timestamp of version 1');
  const [algorithm, digest] = readDer(imprint.value);
  if (algorithm === undefined || digest?.tag !== TAG.octets) throw new RangeError('no imprint');
  return {
    imprint: { hash: hashOf(algorithm), digest: digest.value },
    time: timeOf(time),
    accuracy: accuracyOf(rest.find(({ tag }) => tag === TAG.sequence)),
  };
}

/** The value of each attribute; one that is there twice, or has two values, is an error. */
function readAttributes(part: Der): Map<string, Der> {
  const found = new Map<string, Der>();
  for (const { value } of readDer(part.value)) {
    const [oid, values] = readDer(value);
    const [only, ...more] = readDer(values?.value ?? Buffer.alloc(0));
    if (oid === undefined || only === undefined || more.length > 0 || found.has(oidText(oid)))
      throw new RangeError('an attribute that is none');
    found.set(oidText(oid), only);
  }
  return found;
}

function certificateHash(attributes: ReadonlyMap<string, Der>): Token['certificateHash'] {
  const [second, first] = [
    attributes.get(ATTRIBUTE.signingCertificateV2),
    attributes.get(ATTRIBUTE.signingCertificate),
  ];
  const list = second ?? first;
  if (list === undefined) throw new RangeError('it does not say with which certificate it is signed');
  const [ids] = readDer(list.value);
  const [id] = readDer(ids?.value ?? Buffer.alloc(0));
  const parts = readDer(id?.value ?? Buffer.alloc(0));
  if (second === undefined) return { hash: 'sha1', digest: at(parts, 0, TAG.octets).value };
  // Left out, the hash is SHA-256.
  if (parts[0]?.tag === TAG.sequence) return { hash: hashOf(parts[0]), digest: at(parts, 1, TAG.octets).value };
  return { hash: 'sha256', digest: at(parts, 0, TAG.octets).value };
}

function readSigner(info: Der) {
  const parts = readDer(info.value);
  const [, name, digestAlgorithm, attributes, algorithm, signature] = parts;
  // Of the two ways to name a certificate the one that RFC 3161 has: issuer and serial number.
  if (name?.tag !== TAG.sequence || attributes?.tag !== CONTEXT.zero) throw new RangeError('a signer that is none');
  if (digestAlgorithm === undefined || algorithm === undefined || signature?.tag !== TAG.octets)
    throw new RangeError('a signer that is none');
  const [issuer, serial] = readDer(name.value);
  if (issuer === undefined || serial?.tag !== TAG.integer) throw new RangeError('a signer that is none');
  const found = readAttributes(attributes);
  const type = found.get(ATTRIBUTE.contentType);
  const digest = found.get(ATTRIBUTE.messageDigest);
  if (type === undefined || oidText(type) !== TST_INFO || digest?.tag !== TAG.octets)
    throw new RangeError('attributes of something else');
  // Signed as a SET, though it is written with another tag (RFC 5652, 5.4).
  const set = Buffer.from(attributes.raw);
  set[0] = TAG.set;
  return {
    signer: { issuer: issuer.raw, serial: serial.value },
    certificateHash: certificateHash(found),
    digest: { hash: hashOf(digestAlgorithm), value: digest.value },
    attributes: set,
    algorithm: algorithmOid(algorithm),
    signature: signature.value,
  };
}

/** @throws RangeError */
export function readToken(der: Buffer): Token {
  const [type, wrapped] = readDer(readOne(der, TAG.sequence).value);
  if (type === undefined || oidText(type) !== SIGNED_DATA || wrapped?.tag !== CONTEXT.zero)
    throw new RangeError('no signed data');
  const parts = readDer(readOne(wrapped.value, TAG.sequence).value);
  const [contentType, content] = readDer(at(parts, 2, TAG.sequence).value);
  if (contentType === undefined || oidText(contentType) !== TST_INFO || content?.tag !== CONTEXT.zero)
    throw new RangeError('no timestamp');
  const octets = readOne(content.value, TAG.octets).value;
  const certificates = readDer(parts.find(({ tag }, i) => i > 2 && tag === CONTEXT.zero)?.value ?? Buffer.alloc(0));
  if (certificates.length > CERTIFICATES) throw new RangeError('too many certificates');
  const [info, ...more] = readDer(at(parts, parts.length - 1, TAG.set).value);
  if (info === undefined || more.length > 0) throw new RangeError('not one signer');
  return {
    ...readInfo(octets),
    ...readSigner(info),
    content: octets,
    certificates: certificates.map(({ raw }) => raw),
  };
}
