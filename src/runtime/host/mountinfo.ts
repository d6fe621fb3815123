// SPDX-License-Identifier: Apache-2.0
// Mounts, as far as control groups need them.
import { mountLines } from '../../mountinfo.ts';

export interface Mount {
  readonly mountPoint: string;
  readonly fsType: string;
  readonly readOnly: boolean;
  readonly superOptions: readonly string[];
}

/** The mounts of a mountinfo text. */
export function parseMountinfo(text: string): Mount[] {
  return mountLines(text).map(({ point, options, type, superOptions }) => ({
    mountPoint: point,
    fsType: type,
    readOnly: options.includes('ro') || superOptions.includes('ro'),
    superOptions,
  }));
}
