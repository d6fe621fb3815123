// SPDX-License-Identifier: Apache-2.0
// SBOMs of an image that is being made, as artifacts that belong to it.
import type { Referrer } from '../artifacts/document.ts';
import { stageArtifact } from '../artifacts/kept.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Stage } from '../stage.ts';
import { CYCLONEDX, cycloneDx } from './cyclonedx.ts';
import { SPDX, spdx } from './spdx.ts';
import type { Inventory } from './types.ts';

/**
 * Write both documents into the stage of an image. What is returned is for `Prepared.referrers`.
 * @param manifest of the image, in the same stage
 * @param about name: full reference; created: RFC 3339, of the image, so that equal images have equal documents
 */
export async function stageSboms(
  stage: Stage,
  manifest: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>,
  inventory: Inventory,
  about: { readonly name: string; readonly created: string },
): Promise<Referrer[]> {
  const subject = { ...about, digest: manifest.digest };
  const documents = [
    { mediaType: CYCLONEDX, text: cycloneDx(inventory, subject) },
    { mediaType: SPDX, text: spdx(inventory, subject) },
  ];
  const referrers: Referrer[] = [];
  for (const { mediaType, text } of documents) {
    const layers = [{ mediaType, data: Buffer.from(text) }];
    const annotations = { 'org.opencontainers.image.created': about.created };
    referrers.push(await stageArtifact(stage, { artifactType: mediaType, subject: manifest, layers, annotations }));
  }
  return referrers;
}
