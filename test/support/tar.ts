// SPDX-License-Identifier: Apache-2.0
// A deterministic tar writer that also writes what no honest tool would.

export interface TarEntry {
  /** Written as it is: absolute, with `..`, empty. */
  readonly path: string;
  readonly data?: string | Buffer;
  /** '0' file, '1' hard link, '2' symbolic link, '3' character device, '5' directory, '6' FIFO; default by `data`. */
  readonly type?: string;
  readonly link?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly device?: readonly [major: number, minor: number];
  /** Written into the header in place of the length of the data. */
  readonly size?: number;
  /** PAX records before the entry. */
  readonly pax?: Readonly<Record<string, string>>;
}

const BLOCK = 512;

function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, '0')}\0`;
}

/** One header block with a right checksum. */
export function tarHeader(entry: TarEntry & { readonly type: string }, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(entry.path.slice(0, 100), 0);
  block.write(octal(entry.mode ?? (entry.type === '5' ? 0o755 : 0o644), 8), 100);
  block.write(octal(entry.uid ?? 0, 8), 108);
  block.write(octal(entry.gid ?? 0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write('        ', 148);
  block.write(entry.type, 156);
  block.write((entry.link ?? '').slice(0, 100), 157);
  block.write('ustar\x0000', 257);
  block.write(octal(entry.device?.[0] ?? 0, 8), 329);
  block.write(octal(entry.device?.[1] ?? 0, 8), 337);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);
}

function paxRecord(key: string, value: string): string {
  const body = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(body);
  while (Buffer.byteLength(`${length}${body}`) !== length) length = Buffer.byteLength(`${length}${body}`);
  return `${length}${body}`;
}

function blocks(entry: TarEntry): Buffer[] {
  const data = Buffer.from(entry.data ?? '');
  const type = entry.type ?? (entry.data === undefined && entry.path.endsWith('/') ? '5' : '0');
  const out: Buffer[] = [];
  if (entry.pax !== undefined) {
    const records = Buffer.from(
      Object.entries(entry.pax)
        .map(([key, value]) => paxRecord(key, value))
        .join(''),
    );
    out.push(tarHeader({ path: 'pax', type: 'x' }, records.length), padded(records));
  }
  out.push(tarHeader({ ...entry, type }, entry.size ?? data.length), padded(data));
  return out;
}

/** A whole archive with its end marker. */
export function tar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocks), Buffer.alloc(2 * BLOCK)]);
}
