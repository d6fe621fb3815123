// SPDX-License-Identifier: Apache-2.0
// A manifest under a tag to which layers are added one by one, as cosign keeps the signatures of an image.
import { SecureError } from '../../../errors.ts';
import { digestOf } from '../../images/digest.ts';
import { type Descriptor, readDescriptor } from '../../images/oci/descriptor.ts';
import { JsonObject } from '../../images/oci/json.ts';
import { CONFIG, MANIFEST } from '../../images/oci/mediatypes.ts';
import type { Reference } from '../../images/reference.ts';
import { protocol } from '../problems.ts';
import { type ClientOptions, Session } from '../session.ts';
import { type ArtifactLayer, describe, documentAt, send } from './artifact.ts';
import { type Place, put } from './upload.ts';

/** Others may add to it at the same time. */
const ATTEMPTS = 4;
const LAYERS = 100;

/** The layers under a tag; none where there is no such tag. */
async function layersAt(place: Place, tag: string): Promise<Descriptor[]> {
  const bytes = await documentAt(place, tag, MANIFEST);
  if (bytes === undefined) return [];
  return JsonObject.parse(bytes, 'LAYOUT_INVALID', `manifest ${tag}`).objects('layers', LAYERS).map(readDescriptor);
}

/** An image's config that lists the layers, without which some registries refuse the manifest. */
const configOf = (layers: readonly Descriptor[]): Buffer =>
  Buffer.from(
    JSON.stringify({
      architecture: '',
      os: '',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    }),
  );

const same = (a: Descriptor, b: Descriptor): boolean =>
  a.digest === b.digest && JSON.stringify(a.annotations ?? {}) === JSON.stringify(b.annotations ?? {});

/**
 * Add a layer to what is under a tag; what is there stays.
 * @throws SecureError REGISTRY_*, DIGEST_MISMATCH, REFERENCE_TAKEN, LIMIT_EXCEEDED, LAYOUT_INVALID
 */
export async function addLayer(
  { registry, repository }: Pick<Reference, 'registry' | 'repository'>,
  tag: string,
  { mediaType, data, annotations = {} }: ArtifactLayer,
  options: ClientOptions = {},
): Promise<void> {
  const session = new Session({ ...options, registry, repository, scopes: [`repository:${repository}:pull,push`] });
  const place: Place = { session, registry, repository };
  try {
    const layer = { ...describe(mediaType, data), annotations };
    await send(place, data, layer.digest);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const before = await layersAt(place, tag);
      if (before.some((one) => same(one, layer))) return;
      if (before.length >= LAYERS) throw new SecureError('LIMIT_EXCEEDED', `${tag} has ${LAYERS} signatures already`);
      const layers = [...before, layer];
      const config = configOf(layers);
      const described = describe(CONFIG, config);
      await send(place, config, described.digest);
      const document = { schemaVersion: 2, mediaType: MANIFEST, config: described, layers };
      const manifest = Buffer.from(JSON.stringify(document));
      await put(place, tag, MANIFEST, manifest, digestOf(manifest));
    }
    if ((await layersAt(place, tag)).some((one) => same(one, layer))) return;
    throw protocol(session.host, `what is added to ${tag} is gone again each time`);
  } finally {
    session.close();
  }
}
