// SPDX-License-Identifier: Apache-2.0
// POSIX.1-2017 pax. Nothing depends on the clock or on who writes: equal members are equal bytes. What does not fit into a ustar header
// goes into an extended header before it, and only that.

export interface TarMember {
  /** Bytes, relative; a directory's ends in a slash. */
  readonly path: Buffer;
  /** '0' file, '1' hard link, '2' symbolic link, '3' character device, '4' block device, '5' directory, '6' FIFO. */
  readonly type: '0' | '1' | '2' | '3' | '4' | '5' | '6';
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds. */
  readonly mtime?: number;
  /** Bytes of content that follow; files only. */
  readonly size?: number;
  readonly link?: Buffer;
  readonly device?: readonly [major: number, minor: number];
  readonly xattrs?: ReadonlyMap<string, Buffer>;
}

const BLOCK = 512;
const NAME = 100;
/** Seven and eleven octal digits. */
const ID_LIMIT = 0o7777777;
const SIZE_LIMIT = 0o77777777777;

/** Two blocks of zeros. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
const fitting = (value: number, limit: number) => (value >= 0 && value <= limit ? value : 0);

/** What fills the last block of content of this many bytes. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

function header(member: TarMember, type: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  member.path.copy(block, 0, 0, NAME);
  block.write(octal(member.mode & 0o7777, 8), 100);
  block.write(octal(fitting(member.uid ?? 0, ID_LIMIT), 8), 108);
  block.write(octal(fitting(member.gid ?? 0, ID_LIMIT), 8), 116);
  block.write(octal(fitting(member.size ?? 0, SIZE_LIMIT), 12), 124);
  block.write(octal(fitting(member.mtime ?? 0, SIZE_LIMIT), 12), 136);
  block.write('        ', 148);
  block.write(type, 156);
  member.link?.copy(block, 157, 0, NAME);
  block.write('ustar\x0000', 257);
  block.write(octal(fitting(member.device?.[0] ?? 0, ID_LIMIT), 8), 329);
  block.write(octal(fitting(member.device?.[1] ?? 0, ID_LIMIT), 8), 337);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function record(key: string, value: Buffer | number): Buffer {
  const bytes = typeof value === 'number' ? Buffer.from(String(value)) : value;
  const rest = Buffer.concat([Buffer.from(` ${key}=`), bytes, Buffer.from('\n')]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function extended(member: TarMember): Buffer {
  const { path, link, uid = 0, gid = 0, mtime = 0, size = 0, xattrs = new Map<string, Buffer>() } = member;
  const records: Buffer[] = [];
  if (path.length > NAME) records.push(record('path', path));
  if (link !== undefined && link.length > NAME) records.push(record('linkpath', link));
  if (uid > ID_LIMIT) records.push(record('uid', uid));
  if (gid > ID_LIMIT) records.push(record('gid', gid));
  if (mtime < 0 || mtime > SIZE_LIMIT) records.push(record('mtime', mtime));
  if (size > SIZE_LIMIT) records.push(record('size', size));
  for (const [name, value] of [...xattrs].sort(([a], [b]) => (a < b ? -1 : 1)))
    records.push(record(`SCHILY.xattr.${name}`, value));
  return Buffer.concat(records);
}

/** The header of a member, with an extended one before it where that is needed. Content and `tarPadding` follow. */
export function tarHeader(member: TarMember): Buffer {
  const records = extended(member);
  const own = header(member, member.type);
  if (records.length === 0) return own;
  const path = Buffer.from('PaxHeaders/member');
  return Buffer.concat([
    header({ path, type: '0', mode: 0o644, size: records.length }, 'x'),
    records,
    tarPadding(records.length),
    own,
  ]);
}
