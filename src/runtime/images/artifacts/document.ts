// SPDX-License-Identifier: Apache-2.0
// An artifact that belongs to an image, as a manifest (image-spec "Guidelines for Artifact Usage").
import { digestOf } from '../digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { MANIFEST } from '../oci/mediatypes.ts';

export interface ArtifactLayer {
  readonly mediaType: string;
  readonly data: Buffer;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Artifact {
  /** Media type. */
  readonly artifactType: string;
  /** What it belongs to. */
  readonly subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>;
  readonly layers: readonly ArtifactLayer[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An entry of a list of referrers. */
export interface Referrer extends Descriptor {
  /** Empty where nobody says. */
  readonly artifactType: string;
}

export interface ArtifactDocument {
  readonly manifest: Buffer;
  readonly descriptor: Referrer;
  /** What the manifest names, each content once. */
  readonly blobs: readonly { readonly digest: string; readonly data: Buffer }[];
}

const EMPTY = 'application/vnd.oci.empty.v1+json';
const NOTHING = Buffer.from('{}');

export function describe(mediaType: string, data: Buffer): Pick<Descriptor, 'mediaType' | 'digest' | 'size'> {
  return { mediaType, digest: digestOf(data), size: data.length };
}

/** The same artifact always gives the same bytes. */
export function artifactDocument({ artifactType, subject, layers, annotations }: Artifact): ArtifactDocument {
  const config = describe(EMPTY, NOTHING);
  const described = layers.map((layer) => ({
    ...describe(layer.mediaType, layer.data),
    ...(layer.annotations === undefined ? {} : { annotations: layer.annotations }),
  }));
  const { mediaType, digest, size } = subject;
  const also = annotations === undefined ? {} : { annotations };
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      artifactType,
      config,
      layers: described.length === 0 ? [config] : described,
      subject: { mediaType, digest, size },
      ...also,
    }),
  );
  const blobs = new Map<string, Buffer>([[config.digest, NOTHING]]);
  for (const [i, { data }] of layers.entries()) blobs.set(described[i]?.digest ?? '', data);
  return {
    manifest,
    descriptor: { ...describe(MANIFEST, manifest), artifactType, ...also },
    blobs: [...blobs].map(([digest, data]) => ({ digest, data })),
  };
}
