// SPDX-License-Identifier: Apache-2.0
// Extended attributes that belong into a layer: those that an extractor keeps (docs/extractor.md).
import { SecureError } from '../../../errors.ts';
import { getXattr, listXattr } from '../../../native.ts';

const CAPABILITY = 'security.capability';
/** linux/capability.h: VFS_CAP_REVISION_2 and _3, which ends in the user id of the namespace's root. */
const REVISION = { two: 0x02, three: 0x03 } as const;
const REVISION_3_BYTES = 24;

const kept = (name: string) => name === CAPABILITY || (name.startsWith('user.') && !name.startsWith('user.overlay.'));

/** A capability that root of the container's range gave is one that root of the image gave. Undefined: somebody else's. */
function ofImage(value: Buffer, first: number): Buffer | undefined {
  if (value.length !== REVISION_3_BYTES || value[3] !== REVISION.three) return value;
  if (value.readUInt32LE(20) !== first) return undefined;
  const plain = Buffer.from(value.subarray(0, 20));
  plain[3] = REVISION.two;
  return plain;
}

/**
 * @param fd of a file or directory
 * @param first id of the container's root on the host, 0 for a tree that no container wrote
 * @throws SecureError STORE_CORRUPT for what only overlayfs in another mode writes, and which would be lost
 */
export function attributesOf(fd: number, first: number, what: string): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const name of listXattr(fd)) {
    if (/^(?:trusted|user)\.overlay\.(?:redirect|metacopy)$/.test(name))
      throw new SecureError('STORE_CORRUPT', `${what} is only a reference to a lower layer (${name})`, {
        hint: 'turn off redirect_dir and metacopy of the overlay module',
      });
    if (!kept(name)) continue;
    const value = getXattr(fd, name);
    const usable = value === null || name !== CAPABILITY ? value : (ofImage(value, first) ?? null);
    if (usable !== null) found.set(name, usable);
  }
  return found;
}
