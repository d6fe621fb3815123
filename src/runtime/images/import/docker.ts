// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../../../errors.ts';
import { mediaTypeOf } from '../layer/pack.ts';
import { type ImageConfig, readConfig } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { DOCUMENT_LIMIT, JsonObject } from '../oci/json.ts';
import { LAYER_LIMIT } from '../oci/manifest.ts';
import type { Platform } from '../oci/platform.ts';
import { formatReference, parseReference } from '../reference.ts';
import { compressionOf } from '../sources/archive.ts';
import { type Bytes, readAll, type Source } from '../sources/bytes.ts';
import type { Stage } from '../stage.ts';
import { addManifest, checkPlatform, type Prepared, unpackAll } from './prepared.ts';

export async function need(source: Source, path: string): Promise<Bytes> {
  const found = await source.find(path);
  if (found !== undefined) return found;
  throw new SecureError(
    'LAYOUT_INVALID',
    `${source.what}: manifest.json names ${JSON.stringify(path)}, which is not there`,
  );
}

export async function layerType(bytes: Bytes): Promise<string> {
  for await (const chunk of bytes.chunks()) return mediaTypeOf(compressionOf(chunk) ?? 'none');
  return mediaTypeOf('none');
}

/** An image of an archive by what manifest.json and its config say. */
export interface DockerImage {
  readonly configBytes: Buffer;
  readonly config: ImageConfig;
  /** Of its layers, lowest first. */
  readonly paths: readonly string[];
  readonly names: readonly string[];
}

export async function readDockerImage(source: Source, image: JsonObject, platform: Platform): Promise<DockerImage> {
  const configBytes = await readAll(await need(source, image.string('Config')), DOCUMENT_LIMIT, 'the config');
  const paths = image.strings('Layers', LAYER_LIMIT);
  const config = readConfig(configBytes, paths.length, image.string('Config'));
  checkPlatform(config, platform);
  const names = image.strings('RepoTags', 100).map((name) => formatReference(parseReference(name)));
  return { configBytes, config, paths, names };
}

type Layers = Map<string, Descriptor>;

/** A layer that several images have is taken over once. */
async function layerOf(stage: Stage, source: Source, path: string, known: Layers): Promise<Descriptor> {
  const found = known.get(path);
  if (found !== undefined) return found;
  const bytes = await need(source, path);
  const layer = { mediaType: await layerType(bytes), digest: await stage.content(bytes), size: bytes.size };
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
  const { configBytes, config, paths, names } = await readDockerImage(source, image, platform);
  const layers: Descriptor[] = [];
  for (const path of paths) layers.push(await layerOf(stage, source, path, known));
  await unpackAll(stage, layers, config);
  return { ...(await addManifest(stage, configBytes, layers)), names };
}

/** What manifest.json lists. @throws SecureError LAYOUT_INVALID: nothing, or something else */
export async function listed(source: Source): Promise<JsonObject[]> {
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
