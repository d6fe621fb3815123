// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../../../errors.ts';
import type { Descriptor } from './descriptor.ts';
import { readIndex } from './manifest.ts';
import { isIndex } from './mediatypes.ts';
import { formatPlatform, matchesPlatform, type Platform } from './platform.ts';

const DEPTH_LIMIT = 3;

export interface Selected {
  readonly manifest: Descriptor;
  /** Annotations of the descriptors on the way, outermost last: they may carry the image's name. */
  readonly annotations: readonly Readonly<Record<string, string>>[];
}

function isAttestation({ platform, annotations }: Descriptor): boolean {
  return platform?.os === 'unknown' || annotations?.['vnd.docker.reference.type'] === 'attestation-manifest';
}

function missing(images: readonly Descriptor[], wanted: Platform): SecureError {
  if (images.length > 1 && images.every(({ platform }) => platform === undefined)) {
    return new SecureError('LAYOUT_INVALID', `there are ${images.length} images, and nothing says which one is meant`, {
      hint: 'make a layout of the one you want, for example with `skopeo copy oci:LAYOUT:NAME oci:OTHER`',
    });
  }
  const offered = images.map(({ platform }) => (platform === undefined ? 'unnamed' : formatPlatform(platform)));
  const list = [...new Set(offered)].slice(0, 20).join(', ');
  return new SecureError('PLATFORM_MISSING', `no image for ${formatPlatform(wanted)}`, {
    hint: images.length === 0 ? 'the index lists no image' : `there are: ${list}; choose one with --platform`,
  });
}

/**
 * Choose one manifest of an index for a platform; an entry without a platform is taken when it is the only one. Indexes may be nested,
 * to a bounded depth, so a loop ends as an error. Throws PLATFORM_MISSING listing what is there.
 */
export async function selectManifest(
  entries: readonly Descriptor[],
  wanted: Platform,
  read: (descriptor: Descriptor) => Promise<Buffer>,
  depth = 0,
): Promise<Selected> {
  const images = entries.filter((entry) => !isAttestation(entry));
  const chosen =
    images.length === 1 && images[0]?.platform === undefined
      ? images[0]
      : images.find((entry) => entry.platform !== undefined && matchesPlatform(entry.platform, wanted));
  if (chosen === undefined) throw missing(images, wanted);
  const annotations = chosen.annotations === undefined ? [] : [chosen.annotations];
  if (!isIndex(chosen.mediaType)) return { manifest: chosen, annotations };
  if (depth >= DEPTH_LIMIT) throw new SecureError('LAYOUT_INVALID', `indexes are nested more than ${DEPTH_LIMIT} deep`);
  const inner = readIndex(await read(chosen), chosen.mediaType, `index ${chosen.digest}`);
  const selected = await selectManifest(inner, wanted, read, depth + 1);
  return { manifest: selected.manifest, annotations: [...selected.annotations, ...annotations] };
}
