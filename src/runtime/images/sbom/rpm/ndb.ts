// SPDX-License-Identifier: Apache-2.0
// Packages.db of RPM's own database (SUSE): slots that say where the headers of packages are.
import { Damaged } from './header.ts';

const PAGE = 4096;
const BLOCK = 16;
const SLOT = 16;
const HEADER = 32;
const [FILE_HEAD, SLOT_HEAD, BLOB_HEAD] = ['RpmP', 'Slot', 'BlbS'];

/** @throws Damaged */
export function ndbBlobs(file: Buffer): Buffer[] {
  if (file.length < PAGE || file.toString('latin1', 0, 4) !== FILE_HEAD) throw new Damaged('it is no ndb database');
  if (file.readUInt32LE(4) !== 0) throw new Damaged('it has a version that is not known');
  const pages = file.readUInt32LE(12);
  if (pages === 0 || pages * PAGE > file.length) throw new Damaged('its slots lead out of it');
  const blobs: Buffer[] = [];
  for (let at = HEADER; at < pages * PAGE; at += SLOT) {
    if (file.toString('latin1', at, at + 4) !== SLOT_HEAD) throw new Damaged('a slot is none');
    const [index, block, blocks] = [4, 8, 12].map((offset) => file.readUInt32LE(at + offset)) as [
      number,
      number,
      number,
    ];
    if (index === 0) continue;
    const start = block * BLOCK;
    if (blocks < 2 || start + blocks * BLOCK > file.length) throw new Damaged('a slot leads out of it');
    const length = file.readUInt32LE(start + 12);
    const whole = file.toString('latin1', start, start + 4) === BLOB_HEAD && file.readUInt32LE(start + 4) === index;
    if (!whole || length > blocks * BLOCK - BLOCK) throw new Damaged('a slot leads to what is no package');
    blobs.push(file.subarray(start + BLOCK, start + BLOCK + length));
  }
  return blobs;
}
