// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../../../errors.ts';
import type { Referrer } from '../artifacts/document.ts';
import type { ImageConfig } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { CONFIG, MANIFEST } from '../oci/mediatypes.ts';
import { formatPlatform, matchesPlatform, type Platform } from '../oci/platform.ts';
import { fromBuffer } from '../sources/bytes.ts';
import type { Stage } from '../stage.ts';

/** An image whose blobs and layers are all in a stage, verified, but not visible yet. */
export interface Prepared {
  /** Manifest digest. */
  readonly digest: string;
  readonly configDigest: string;
  /** Bytes of the layers as stored. */
  readonly size: number;
  /** Full references that the source itself gives the image. */
  readonly names: readonly string[];
  /** What belongs to it, in the same stage. */
  readonly referrers?: readonly Referrer[];
}

export const totalSize = (layers: readonly Descriptor[]) => layers.reduce((sum, { size }) => sum + size, 0);

/** Refuse an image built for something else than was asked for. */
export function checkPlatform({ platform }: ImageConfig, wanted: Platform): void {
  // Configs rarely carry the variant that an index does; what was chosen by the index stays chosen.
  const offered =
    platform.variant === undefined && wanted.variant !== undefined
      ? { ...platform, variant: wanted.variant }
      : platform;
  if (matchesPlatform(offered, wanted)) return;
  throw new SecureError(
    'PLATFORM_MISSING',
    `the image is for ${formatPlatform(platform)}, not ${formatPlatform(wanted)}`,
    {
      hint: `take it as what it is with --platform ${formatPlatform(platform)}`,
    },
  );
}

/** Unpack every layer into the stage, lowest first, each checked against the config's diff id. */
export async function unpackAll(stage: Stage, layers: readonly Descriptor[], config: ImageConfig): Promise<void> {
  for (const [i, { digest }] of layers.entries()) await stage.layer(digest, config.diffIds[i]);
}

/** A manifest for a config and layers that came without one. The same content always gives the same bytes. */
export function manifestOf(config: Pick<Descriptor, 'digest' | 'size'>, layers: readonly Descriptor[]): Buffer {
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, digest: config.digest, size: config.size },
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  };
  return Buffer.from(JSON.stringify(manifest));
}

/** Write one. */
export async function addManifest(
  stage: Stage,
  config: Buffer,
  layers: readonly Descriptor[],
): Promise<Omit<Prepared, 'names'> & { readonly manifest: Descriptor }> {
  const configDigest = await stage.content(fromBuffer(config));
  const bytes = manifestOf({ digest: configDigest, size: config.length }, layers);
  const digest = await stage.content(fromBuffer(bytes));
  const described = { mediaType: MANIFEST, digest, size: bytes.length };
  return { digest, configDigest, size: totalSize(layers), manifest: described };
}
