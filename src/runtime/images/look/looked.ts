// SPDX-License-Identifier: Apache-2.0
// Images that are only looked at: their documents are read and held against their digests, their layers are not, and nothing is kept.
import type { ImageFacts, Origin } from '../../plan/types.ts';
import type { ImageConfig } from '../oci/config.ts';
import { hostPlatform, type Platform } from '../oci/platform.ts';

/** As `ImageFacts`, of an image whose layers are elsewhere. */
export type LookedAt = Omit<ImageFacts, 'layers' | 'passwd' | 'group' | 'caBundles'> & {
  readonly layers: readonly { readonly diffId: string }[];
};

export interface LookOptions {
  /** Which image of several; default: that of this host. */
  readonly platform?: Platform | undefined;
  /** Full reference of an image of an archive that has no name of its own. */
  readonly name?: string | undefined;
}

export const platformOf = ({ platform }: LookOptions): Platform => platform ?? hostPlatform();

/** @param digests of the manifest and of its config */
export function lookedAt(
  reference: string,
  digests: { readonly digest: string; readonly configDigest: string },
  { platform, config, diffIds }: ImageConfig,
  origin: Origin,
): LookedAt {
  const { architecture, os } = platform;
  return { reference, ...digests, origin, architecture, os, config, layers: diffIds.map((diffId) => ({ diffId })) };
}
