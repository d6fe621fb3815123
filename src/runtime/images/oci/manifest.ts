// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../../../errors.ts';
import { type Descriptor, readDescriptor } from './descriptor.ts';
import { JsonObject } from './json.ts';
import { isConfig, isIndex, isLayer, isManifest } from './mediatypes.ts';

export interface Manifest {
  readonly config: Descriptor;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
}

/** Overlayfs takes 500 lower directories; no builder makes more than 127 layers. */
export const LAYER_LIMIT = 127;
const INDEX_LIMIT = 1000;

function unsupported(what: string, type: string, hint?: string): SecureError {
  return new SecureError(
    'MEDIA_TYPE_UNSUPPORTED',
    `${what}: media type ${JSON.stringify(type.slice(0, 200))} is not supported`,
    {
      hint: hint ?? 'supported are OCI images and Docker images of manifest version 2, schema 2',
    },
  );
}

/**
 * Read the document that a descriptor of type `expected` points to. What the document says about itself must agree, and it
 * must not be an index and a manifest at once (CVE-2021-41190: two readers of the same bytes see two images).
 */
function readDocument(bytes: Buffer, expected: string, what: string): JsonObject {
  const json = JsonObject.parse(bytes, 'LAYOUT_INVALID', what);
  if (json.has('fsLayers') || json.has('signatures'))
    throw unsupported(what, 'application/vnd.docker.distribution.manifest.v1');
  if (json.integer('schemaVersion', 100) !== 2) throw json.fail('schemaVersion', 'is not 2');
  const own = json.string('mediaType', '');
  if (own !== '' && own !== expected) throw json.fail('mediaType', `is not ${expected}, as its descriptor says`);
  if (json.has('manifests') && (json.has('layers') || json.has('config'))) {
    throw json.fail('manifests', 'stands beside layers: the document is an index and a manifest at once');
  }
  return json;
}

export function readManifest(bytes: Buffer, mediaType: string, what: string): Manifest {
  if (!isManifest(mediaType)) throw unsupported(what, mediaType);
  const json = readDocument(bytes, mediaType, what);
  const config = readDescriptor(json.object('config'));
  if (!isConfig(config.mediaType))
    throw unsupported(`${what}: /config`, config.mediaType, 'this is an artifact, not a container image');
  const layers = json.objects('layers', LAYER_LIMIT).map((layer, i) => {
    const descriptor = readDescriptor(layer);
    if (!isLayer(descriptor.mediaType)) throw unsupported(`${what}: /layers/${i}`, descriptor.mediaType);
    return descriptor;
  });
  return { config, layers };
}

export function readIndex(bytes: Buffer, mediaType: string, what: string): Descriptor[] {
  if (!isIndex(mediaType)) throw unsupported(what, mediaType);
  return readDocument(bytes, mediaType, what).objects('manifests', INDEX_LIMIT).map(readDescriptor);
}
