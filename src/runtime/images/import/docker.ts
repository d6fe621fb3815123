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

/**
 * Take the image of a `docker save` archive over into a stage. Such an archive has no manifest and no digests of its own, apart from the
 * config's diff ids, against which every layer is checked.
 */
export async function prepareDocker(stage: Stage, source: Source, platform: Platform): Promise<Prepared> {
  const list = await readAll(await need(source, 'manifest.json'), DOCUMENT_LIMIT, 'manifest.json');
  // The document is a list; wrapped, the one reader of untrusted JSON serves for it too.
  const wrapped = Buffer.concat([Buffer.from('{"images":'), list, Buffer.from('}')]);
  const images = JsonObject.parse(wrapped, 'LAYOUT_INVALID', 'manifest.json').objects('images', 1000);
  const [image] = images;
  if (image === undefined || images.length > 1) {
    throw new SecureError('LAYOUT_INVALID', `manifest.json lists ${images.length} images`, {
      hint: 'save one image per archive',
    });
  }
  const configBytes = await readAll(await need(source, image.string('Config')), DOCUMENT_LIMIT, 'the config');
  const paths = image.strings('Layers', LAYER_LIMIT);
  const config = readConfig(configBytes, paths.length, image.string('Config'));
  checkPlatform(config, platform);
  const layers: Descriptor[] = [];
  for (const path of paths) {
    const bytes = await need(source, path);
    layers.push({ mediaType: await mediaTypeOf(bytes), digest: await stage.content(bytes), size: bytes.size });
  }
  await unpackAll(stage, layers, config);
  const names = image.strings('RepoTags', 100).map((name) => formatReference(parseReference(name)));
  return { ...(await addManifest(stage, configBytes, layers)), names };
}
