// SPDX-License-Identifier: Apache-2.0
// DER, as much of it as a certificate needs (X.690, 8 and 10). Certificates of a signature are hostile: every length is checked.

export interface Der {
  /** The identifier octet: class, constructed, number. */
  readonly tag: number;
  readonly value: Buffer;
  /** With tag and length. */
  readonly raw: Buffer;
}

export const TAG = { boolean: 1, integer: 2, bits: 3, octets: 4, oid: 6, sequence: 0x30, set: 0x31 } as const;

/** The values that follow each other in `data`, and nothing else. @throws RangeError */
export function readDer(data: Buffer): Der[] {
  const found: Der[] = [];
  for (let at = 0; at < data.length; ) {
    const tag = data[at] ?? 0;
    if ((tag & 0x1f) === 0x1f) throw new RangeError('a tag of several octets');
    let length = data[at + 1] ?? 0x80;
    let start = at + 2;
    if (length >= 0x80) {
      const octets = length & 0x7f;
      if (octets === 0 || octets > 3 || start + octets > data.length) throw new RangeError('a length that is none');
      length = data.readUIntBE(start, octets);
      if (length < 0x80 || length < 2 ** (8 * (octets - 1))) throw new RangeError('a length that could be shorter');
      start += octets;
    }
    if (start + length > data.length) throw new RangeError('a value that ends after its container');
    found.push({ tag, value: data.subarray(start, start + length), raw: data.subarray(at, start + length) });
    at = start + length;
  }
  return found;
}

/** The only value in `data`. @throws RangeError */
export function readOne(data: Buffer, tag: number): Der {
  const [only, ...others] = readDer(data);
  if (only?.tag !== tag || others.length > 0) throw new RangeError(`not one value of the tag ${tag}`);
  return only;
}

/** Dotted form of an object identifier. @throws RangeError */
export function oidText({ tag, value }: Der): string {
  if (tag !== TAG.oid || value.length === 0 || ((value.at(-1) ?? 0x80) & 0x80) !== 0) throw new RangeError('no OID');
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of value) {
    arc = arc * 128 + (octet & 0x7f);
    if (!Number.isSafeInteger(arc)) throw new RangeError('an OID beyond all measure');
    if (octet < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first = 0, ...rest] = arcs;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - 40 * top, ...rest].join('.');
}
