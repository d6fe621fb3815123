// SPDX-License-Identifier: Apache-2.0
// POSIX.1-2017 pax, "ustar Interchange Format", with the GNU extensions for numbers and magic.

export interface Header {
  readonly path: string;
  readonly link: string;
  /** Bytes. */
  readonly size: number;
  /** Type flag; an old-style NUL is '0'. */
  readonly type: string;
}

export function isZeroBlock(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

function text(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

/** An octal or GNU base-256 number; undefined when malformed, negative or too large to be exact. */
function number(block: Buffer, start: number, length: number): number | undefined {
  const first = block[start] ?? 0;
  if (first >= 0x80) {
    if (first !== 0x80) return undefined;
    let value = 0;
    for (const byte of block.subarray(start + 1, start + length)) value = value * 256 + byte;
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = text(block, start, length).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : undefined;
}

/** True when a block has a tar header's checksum: how a plain tar is told from other files. */
export function checksumMatches(block: Buffer): boolean {
  let sum = 8 * 0x20;
  for (let i = 0; i < 512; i++) if (i < 148 || i >= 156) sum += block[i] ?? 0;
  return !isZeroBlock(block) && number(block, 148, 8) === sum;
}

/** The fields of a header block, or what is wrong with it. */
export function parseHeader(block: Buffer): Header | string {
  if (!checksumMatches(block)) return 'the checksum of a header is wrong';
  const size = number(block, 124, 12);
  if (size === undefined) return 'the size in a header is malformed';
  const name = text(block, 0, 100);
  const posix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = posix ? text(block, 345, 155) : '';
  const type = String.fromCharCode(block[156] ?? 0);
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    link: text(block, 157, 100),
    // Links and directories have no data, whatever their size field says.
    size: '123456'.includes(type) ? 0 : size,
    type: type === '\0' ? '0' : type,
  };
}

/** The records of a PAX extended header that matter here; undefined when malformed. */
export function parsePax(data: Buffer): { path?: string; link?: string; size?: number } | undefined {
  const result: { path?: string; link?: string; size?: number } = {};
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(data.toString('latin1', at, space));
    if (!Number.isInteger(length) || length < 5 || at + length > data.length || data[at + length - 1] !== 0x0a)
      return undefined;
    const record = data.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (equals < 1) return undefined;
    if (key === 'path') result.path = value;
    if (key === 'linkpath') result.link = value;
    if (key === 'size') {
      if (!/^\d{1,15}$/.test(value)) return undefined;
      result.size = Number(value);
    }
    at += length;
  }
  return result;
}
