// SPDX-License-Identifier: Apache-2.0

/** Directories that programs share are sticky and open to all, as on any host; others belong to the container's user. */
export function tmpfsOwnership(destination: string, user: { readonly uid: number; readonly gid: number }): string[] {
  if (destination === '/tmp' || destination === '/var/tmp') return ['mode=1777'];
  return ['mode=755', ...(user.uid === 0 ? [] : [`uid=${user.uid}`]), ...(user.gid === 0 ? [] : [`gid=${user.gid}`])];
}
