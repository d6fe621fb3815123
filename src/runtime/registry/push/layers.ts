// SPDX-License-Identifier: Apache-2.0
// A manifest under a tag to which layers are added one by one, as cosign keeps the signatures of an image.
import { SecureError } from '../../../errors.ts';
import { type Descriptor, readDescriptor } from '../../images/oci/descriptor.ts';
import { DOCUMENT_LIMIT, JsonObject } from '../../images/oci/json.ts';
import { CONFIG, MANIFEST } from '../../images/oci/mediatypes.ts';
import { verified } from '../../images/read.ts';
import type { Reference } from '../../images/reference.ts';
import { digestHeader } from '../digest-header.ts';
import { protocol } from '../problems.ts';
import { typeOf } from '../referrers.ts';
import { type ClientOptions, Session } from '../session.ts';
import { readBody } from '../transport.ts';
import { type ArtifactLayer, describe, put, sourceOf } from './artifact.ts';
import { exists, type Place, rejected, upload } from './upload.ts';

/** Others may add to it at the same time. */
const ATTEMPTS = 4;
const LAYERS = 100;

/** The layers under a tag; none where there is no such tag. */
async function layersAt(place: Place, tag: string): Promise<Descriptor[]> {
  const answer = await place.session.request({
    at: `${place.repository}/manifests/${tag}`,
    headers: { accept: MANIFEST },
  });
  if (answer.status === 404) {
    answer.discard();
    return [];
  }
  if (answer.status !== 200) throw await rejected(place, answer, `manifest ${tag}`);
  const type = typeOf(answer);
  const digest = digestHeader(answer);
  const bytes = await readBody(answer, DOCUMENT_LIMIT, `manifest ${tag}`);
  if (digest !== undefined) verified(bytes, digest);
  if (type === MANIFEST)
    return JsonObject.parse(bytes, 'LAYOUT_INVALID', `manifest ${tag}`).objects('layers', LAYERS).map(readDescriptor);
  throw new SecureError('REFERENCE_TAKEN', `${place.repository}:${tag} is ${JSON.stringify(type.slice(0, 100))}`, {
    hint: 'the tag is reserved for signatures of the digest in it; remove it from the registry',
  });
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
  const send = async (bytes: Buffer, digest: string) => {
    const source = sourceOf(bytes, digest);
    if (!(await exists(place, source))) await upload(place, source);
  };
  try {
    const layer = { ...describe(mediaType, data), annotations };
    await send(data, layer.digest);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const before = await layersAt(place, tag);
      if (before.some((one) => same(one, layer))) return;
      if (before.length >= LAYERS) throw new SecureError('LIMIT_EXCEEDED', `${tag} has ${LAYERS} signatures already`);
      const layers = [...before, layer];
      const config = configOf(layers);
      const described = describe(CONFIG, config);
      await send(config, described.digest);
      const manifest = { schemaVersion: 2, mediaType: MANIFEST, config: described, layers };
      await put(place, tag, MANIFEST, Buffer.from(JSON.stringify(manifest)));
    }
    if ((await layersAt(place, tag)).some((one) => same(one, layer))) return;
    throw protocol(session.host, `what is added to ${tag} is gone again each time`);
  } finally {
    session.close();
  }
}
