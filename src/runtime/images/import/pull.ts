// SPDX-License-Identifier: Apache-2.0
// An image from a registry. Everything is in a stage and verified before anything of it is visible.
import { SecureError } from '../../../errors.ts';
import { someAtATime } from '../../parallel.ts';
import { type ClientOptions, RegistryClient } from '../../registry/client.ts';
import { protocol } from '../../registry/problems.ts';
import { readConfig } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { DOCUMENT_LIMIT } from '../oci/json.ts';
import { readIndex, readManifest } from '../oci/manifest.ts';
import { isIndex } from '../oci/mediatypes.ts';
import { hostPlatform, type Platform } from '../oci/platform.ts';
import { selectManifest } from '../oci/select.ts';
import { readDocument, verified } from '../read.ts';
import { type ImageRecord, writeRecord } from '../records.ts';
import { formatReference, type Reference } from '../reference.ts';
import { fromBuffer, readAll } from '../sources/bytes.ts';
import { Stage } from '../stage.ts';
import type { ImageStore } from '../store.ts';
import { checkPlatform, totalSize, unpackAll } from './prepared.ts';

export interface PullOptions extends ClientOptions {
  readonly platform?: Platform;
  /** Last word before layers are fetched: the manifest's digest, then that of the index that it was chosen from. What it throws ends the pull. */
  readonly check?: (client: RegistryClient, digests: readonly string[]) => Promise<void>;
}

/** Blobs that are fetched at the same time. */
const PARALLEL = 4;

export interface Found {
  readonly manifest: Descriptor;
  readonly bytes: Buffer;
  /** Digest of the index that it was chosen from. */
  readonly index?: string;
}

/** The document that a descriptor of an index names, as which it must present itself too. */
async function described(client: RegistryClient, { digest, size, mediaType }: Descriptor): Promise<Buffer> {
  const document = await client.manifest(digest);
  if (document.mediaType !== mediaType) {
    throw protocol(client.host, `${digest} is ${JSON.stringify(document.mediaType)}, its index says ${mediaType}`);
  }
  if (document.bytes.length !== size) {
    throw new SecureError(
      'DIGEST_MISMATCH',
      `${digest} has ${document.bytes.length} bytes, its descriptor says ${size}`,
    );
  }
  return verified(document.bytes, digest);
}

/** The manifest of a reference for a platform, held against its digest. @throws SecureError as `pullImage` */
export async function findManifest(client: RegistryClient, reference: Reference, platform: Platform): Promise<Found> {
  const { bytes, mediaType, digest } = await client.resolve(reference);
  if (!isIndex(mediaType)) return { manifest: { mediaType, digest, size: bytes.length }, bytes };
  const entries = readIndex(bytes, mediaType, `index ${reference.digest ?? reference.tag}`);
  const { manifest } = await selectManifest(entries, platform, (entry) => described(client, entry));
  return { manifest, bytes: await described(client, manifest), index: digest };
}

async function configBytes(client: RegistryClient, store: ImageStore, descriptor: Descriptor): Promise<Buffer> {
  try {
    return await readDocument(store.paths, descriptor.digest);
  } catch {
    // Not here, or damaged: fetch it.
  }
  const what = `config ${descriptor.digest}`;
  return verified(await readAll(client.blob(descriptor), DOCUMENT_LIMIT, what), descriptor.digest);
}

interface Layer extends Descriptor {
  readonly diffId: string;
}

/** Each content once, the largest first, so that none is left over for the end. One digest with two sizes would make the order of arrival matter. */
function unique(layers: readonly Descriptor[], diffIds: readonly string[]): Layer[] {
  const found = new Map<string, Layer>();
  for (const [i, layer] of layers.entries()) {
    if ((found.get(layer.digest)?.size ?? layer.size) !== layer.size)
      throw new SecureError('DIGEST_MISMATCH', `the manifest gives blob ${layer.digest} two sizes`);
    found.set(layer.digest, { ...layer, diffId: diffIds[i] ?? '' });
  }
  return [...found.values()].sort((a, b) => b.size - a.size);
}

/** Fetch and unpack what the store does not have. The first failure ends the others, and nothing is left running. */
async function fetchAll(client: RegistryClient, stage: Stage, layers: readonly Layer[]): Promise<void> {
  const take = (layer: Layer) => stage.layerBlob(client.blob(layer), layer, layer.diffId);
  await someAtATime(layers, PARALLEL, take, () => client.abort());
}

async function pullInto(
  stage: Stage,
  store: ImageStore,
  client: RegistryClient,
  reference: Reference,
  { platform: wanted = hostPlatform(), check }: PullOptions,
) {
  const { manifest: chosen, bytes, index } = await findManifest(client, reference, wanted);
  store.onEvent({ type: 'step', text: `${formatReference(reference)} of ${client.host} is ${chosen.digest}` });
  const manifest = readManifest(bytes, chosen.mediaType, `manifest ${chosen.digest}`);
  const config = await configBytes(client, store, manifest.config);
  const image = readConfig(config, manifest.layers.length, `config ${manifest.config.digest}`);
  checkPlatform(image, wanted);
  await check?.(client, index === undefined ? [chosen.digest] : [chosen.digest, index]);
  await stage.blob(fromBuffer(bytes), chosen);
  await stage.blob(fromBuffer(config), manifest.config);
  await fetchAll(client, stage, unique(manifest.layers, image.diffIds));
  // What was here already, and layers that share a blob.
  await unpackAll(stage, manifest.layers, image);
  await stage.commit();
  const { registry, repository, tag, digest } = reference;
  const name = tag === undefined ? { digest: digest ?? chosen.digest } : { tag };
  const record: ImageRecord = {
    reference: formatReference({ registry, repository, ...name }),
    digest: chosen.digest,
    ...(index === undefined ? {} : { index }),
    configDigest: manifest.config.digest,
    origin: 'pulled',
    created: new Date().toISOString(),
    size: totalSize(manifest.layers),
  };
  await writeRecord(store.paths, record);
  return record;
}

/**
 * Fetch an image from its registry and give it the reference as its name, which replaces what had it before. On any
 * error the store is as it was.
 * @throws SecureError MANIFEST_UNKNOWN, BLOB_UNKNOWN, DIGEST_MISMATCH, PLATFORM_MISSING, LIMIT_EXCEEDED,
 *   MEDIA_TYPE_UNSUPPORTED, LAYOUT_INVALID, CONFIG_CORRUPT, REFERENCE_INVALID, REGISTRY_*, NO_SPACE and those of unpacking
 */
export async function pullImage(
  store: ImageStore,
  reference: Reference,
  options: PullOptions = {},
): Promise<ImageRecord> {
  const warn = (text: string) => store.onEvent({ type: 'warning', text });
  const client = new RegistryClient(reference, { warn, ...options });
  try {
    const stage = await Stage.open(store.paths, store.onEvent);
    try {
      return await pullInto(stage, store, client, reference, options);
    } finally {
      await stage.close();
    }
  } finally {
    client.close();
  }
}
