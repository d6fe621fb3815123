// SPDX-License-Identifier: Apache-2.0
// Lists of revoked certificates from files (RFC 5280, 5). Nobody is asked over the network.
import { keyInvalid, Refusal } from '../problems.ts';
import { algorithmOid, serialText, signedWith, timeOf } from './asn1.ts';
import type { Certificate } from './certificate.ts';
import { called } from './chain.ts';
import { type Der, oidText, readDer, readOne, TAG } from './der.ts';

export interface RevocationList {
  /** Its file, for messages. */
  readonly name: string;
  /** As it is encoded. */
  readonly issuer: Buffer;
  /** Milliseconds. */
  readonly from: number;
  readonly until: number;
  /** Serial numbers in hex, without leading zeros. */
  readonly revoked: ReadonlySet<string>;
  readonly signed: Buffer;
  readonly algorithm: string;
  readonly signature: Buffer;
}

const BLOCK = /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g;
const HINT =
  'give lists of revoked certificates as authorities publish them, in PEM or DER: openssl crl -in FILE -text shows one';
const EXTENSIONS = 0xa0;
const CRL_SIGN = 6;
/** Key identifier and number say nothing that is needed here. */
const KNOWN = new Set(['2.5.29.35', '2.5.29.20']);
const isTime = ({ tag }: Der): boolean => tag === 0x17 || tag === 0x18;

/** A list of some certificates of an authority, or of changes, would be read as one of all (RFC 5280, 5.2.4 and 5.2.5). */
function checkExtensions(part: Der | undefined): void {
  for (const { value } of part === undefined ? [] : readDer(readOne(part.value, TAG.sequence).value)) {
    const [oid, second, third] = readDer(value);
    const critical = third !== undefined && second?.tag === TAG.boolean && second.value[0] !== 0;
    if (oid !== undefined && critical && !KNOWN.has(oidText(oid)))
      throw new RangeError(`the critical extension ${oidText(oid)} is not known`);
  }
}

function readList(der: Buffer, name: string): RevocationList {
  const [list, algorithm, signature] = readDer(readOne(der, TAG.sequence).value);
  if (list === undefined || algorithm === undefined || signature?.tag !== TAG.bits) throw new RangeError('no list');
  const all = readDer(list.value);
  const parts = all[0]?.tag === TAG.integer ? all.slice(1) : all;
  const [inner, issuer, from, until, ...rest] = parts;
  if (inner === undefined || issuer === undefined || from === undefined) throw new RangeError('no list');
  if (until === undefined || !isTime(until)) throw new RangeError('it does not say until when it counts');
  if (algorithmOid(inner) !== algorithmOid(algorithm)) throw new RangeError('it names two algorithms');
  const entries = rest.find(({ tag }) => tag === TAG.sequence);
  const serials = readDer(entries?.value ?? Buffer.alloc(0)).map(
    ({ value }) => readDer(value)[0]?.value ?? Buffer.alloc(0),
  );
  checkExtensions(rest.find(({ tag }) => tag === EXTENSIONS));
  return {
    name,
    issuer: issuer.raw,
    from: timeOf(from),
    until: timeOf(until),
    revoked: new Set(serials.map(serialText)),
    signed: list.raw,
    algorithm: algorithmOid(algorithm),
    // The first octet tells how many bits are left over.
    signature: signature.value.subarray(1),
  };
}

/** Lists of a file, in PEM or DER. @throws SecureError KEY_INVALID */
export function readRevocations(file: Buffer, name: string): RevocationList[] {
  const text = file.toString('latin1');
  const blocks = [...text.matchAll(BLOCK)].map(([, body = '']) => Buffer.from(body, 'base64'));
  try {
    return (blocks.length === 0 ? [file] : blocks).map((der) => readList(der, name));
  } catch (cause) {
    throw keyInvalid(name, `it is no list of revoked certificates: ${(cause as Error).message}`, HINT, cause);
  }
}

/** Whether the authority has signed a list; `authority` was checked to be one. */
function isOf(list: RevocationList, authority: Certificate): boolean {
  if (!list.issuer.equals(authority.subject) || !authority.keyUsage?.bits.includes(CRL_SIGN)) return false;
  return signedWith(list.algorithm, undefined, list.signed, authority.key, list.signature);
}

/**
 * Every certificate but the root has to be one that a list, which counts now, does not have. Where there are no lists nothing is asked.
 * @param chain from the signer to the root; @throws Refusal
 */
export function checkRevoked(chain: readonly Certificate[], lists: readonly RevocationList[], now: number): void {
  for (const [i, certificate] of lists.length === 0 ? [] : chain.slice(0, -1).entries()) {
    const authority = chain[i + 1];
    const own = lists.filter((list) => authority !== undefined && isOf(list, authority));
    const current = own.filter(({ from, until }) => from <= now && now < until);
    if (current.length === 0) {
      const [old] = own;
      const why =
        old === undefined
          ? 'no list of its authority is here'
          : `${old.name} counted until ${new Date(old.until).toISOString()}`;
      throw new Refusal(`nothing says whether ${called(certificate)} was revoked: ${why}`);
    }
    const serial = serialText(Buffer.from(certificate.x509.serialNumber, 'hex'));
    const list = current.find(({ revoked }) => revoked.has(serial));
    if (list !== undefined) throw new Refusal(`${called(certificate)} was revoked, says ${list.name}`);
  }
}
