// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../../../errors.ts';
import { readConfig } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { DOCUMENT_LIMIT, JsonObject } from '../oci/json.ts';
import { LAYER_LIMIT } from '../oci/manifest.ts';
import { LAYER_TAR } from '../oci/mediatypes.ts';
import type { Platform } from '../oci/platform.ts';
import { formatReference, parseReference } from '../reference.ts';
import { compressionOf } from '../sources/archive.ts';
import { type Bytes, readAll, type Source } from '../sources/bytes.ts';
import type { Stage } from '../stage.ts';
import { addManifest, checkPlatform, type Prepared, unpackAll } from './prepared.ts';

async function need(source: Source, path: string): Promise<Bytes> {
  const found = await source.find(path);
  if (found !== undefined) return found;
  throw new SecureError(
    'LAYOUT_INVALID',
    `${source.what}: manifest.json names ${JSON.stringify(path)}, which is not there`,
  );
}

async function mediaTypeOf(bytes: Bytes): Promise<string> {
  for await (const chunk of bytes.chunks()) {
    const compression = compressionOf(chunk);
    return compression === undefined ? LAYER_TAR : `${LAYER_TAR}+${compression}`;
  }
  return LAYER_TAR;
}

type Layers = Map<string, Descriptor>;

/** A layer that several images have is taken over once. */
async function layerOf(stage: Stage, source: Source, path: string, known: Layers): Promise<Descriptor> {
  const found = known.get(path);
  if (found !== undefined) return found;
  const bytes = await need(source, path);
  const layer = { mediaType: await mediaTypeOf(bytes), digest: await stage.content(bytes), size: bytes.size };
  known.set(path, layer);
  return layer;
}

async function prepareOne(
  stage: Stage,
  source: Source,
  image: JsonObject,
  platform: Platform,
  known: Layers,
): Promise<Prepared> {
  const configBytes = await readAll(await need(source, image.string('Config')), DOCUMENT_LIMIT, 'the config');
  const paths = image.strings('Layers', LAYER_LIMIT);
  const config = readConfig(configBytes, paths.length, image.string('Config'));
  checkPlatform(config, platform);
  const layers: Descriptor[] = [];
  for (const path of paths) layers.push(await layerOf(stage, source, path, known));
  await unpackAll(stage, layers, config);
  const names = image.strings('RepoTags', 100).map((name) => formatReference(parseReference(name)));
  return { ...(await addManifest(stage, configBytes, layers)), names };
}

async function listed(source: Source): Promise<JsonObject[]> {
  const list = await readAll(await need(source, 'manifest.json'), DOCUMENT_LIMIT, 'manifest.json');
  // The document is a list; wrapped, the one reader of untrusted JSON serves for it too.
  const wrapped = Buffer.concat([Buffer.from('{"images":'), list, Buffer.from('}')]);
  const images = JsonObject.parse(wrapped, 'LAYOUT_INVALID', 'manifest.json').objects('images', 1000);
  if (images.length === 0) throw new SecureError('LAYOUT_INVALID', 'manifest.json lists no images');
  return images;
}

/**
 * Take all images of a `docker save` archive over into a stage. Such an archive has no manifests and no digests of its own, apart from the
 * configs' diff ids, against which every layer is checked.
 */
export async function prepareDockerImages(stage: Stage, source: Source, platform: Platform): Promise<Prepared[]> {
  const known: Layers = new Map();
  const prepared: Prepared[] = [];
  for (const image of await listed(source)) prepared.push(await prepareOne(stage, source, image, platform, known));
  return prepared;
}

/** The same for an archive of one image. */
export async function prepareDocker(stage: Stage, source: Source, platform: Platform): Promise<Prepared> {
  const images = await listed(source);
  const [image] = images;
  if (image === undefined || images.length > 1) {
    throw new SecureError('LAYOUT_INVALID', `manifest.json lists ${images.length} images`, {
      hint: '`secure image load` brings all of them in',
    });
  }
  return prepareOne(stage, source, image, platform, new Map());
}
