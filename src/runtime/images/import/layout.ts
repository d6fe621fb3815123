// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../../../errors.ts';
import { parseDigest } from '../digest.ts';
import { type ImageConfig, readConfig } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { DOCUMENT_LIMIT, JsonObject } from '../oci/json.ts';
import { type Manifest, readIndex, readManifest } from '../oci/manifest.ts';
import { INDEX } from '../oci/mediatypes.ts';
import type { Platform } from '../oci/platform.ts';
import { selectManifest } from '../oci/select.ts';
import { verified } from '../read.ts';
import { formatReference, isShortName, parseReference } from '../reference.ts';
import { type Bytes, readAll, type Source } from '../sources/bytes.ts';
import type { Stage } from '../stage.ts';
import { checkPlatform, type Prepared, totalSize, unpackAll } from './prepared.ts';

async function need(source: Source, path: string): Promise<Bytes> {
  const found = await source.find(path);
  if (found !== undefined) return found;
  throw new SecureError('LAYOUT_INVALID', `${source.what}: ${path} is missing or no regular file`);
}

function blob(source: Source, digest: string): Promise<Bytes> {
  const parts = parseDigest(digest);
  return need(source, `blobs/${parts?.algorithm}/${parts?.hex}`);
}

async function document(source: Source, { digest, size }: Descriptor): Promise<Buffer> {
  const bytes = await blob(source, digest);
  if (bytes.size !== size) {
    throw new SecureError('DIGEST_MISMATCH', `blob ${digest} has ${bytes.size} bytes, its descriptor says ${size}`);
  }
  return verified(await readAll(bytes, DOCUMENT_LIMIT, digest), digest);
}

/**
 * The name that tools leave in the index for a manifest. A bare tag or a short name says nothing about where the image is from, and a digest
 * is no name of anything else.
 */
function nameIn(annotations: readonly Readonly<Record<string, string>>[], manifest: string): string | undefined {
  for (const key of ['io.containerd.image.name', 'org.opencontainers.image.ref.name']) {
    for (const set of annotations) {
      const name = set[key];
      if (name === undefined || isShortName(name)) continue;
      try {
        const { registry, repository, tag, digest } = parseReference(name);
        if (tag !== undefined) return formatReference({ registry, repository, tag });
        if (digest === manifest) return formatReference({ registry, repository, digest });
      } catch {
        // An unusable name is the same as none: the user is asked for one.
      }
    }
  }
  return undefined;
}

async function entriesOf(source: Source): Promise<Descriptor[]> {
  const marker = JsonObject.parse(
    await readAll(await need(source, 'oci-layout'), 4096, 'oci-layout'),
    'LAYOUT_INVALID',
    'oci-layout',
  );
  if (!marker.string('imageLayoutVersion').startsWith('1.')) throw marker.fail('imageLayoutVersion', 'is not 1.x');
  const index = await readAll(await need(source, 'index.json'), DOCUMENT_LIMIT, 'index.json');
  return readIndex(index, INDEX, 'index.json');
}

/** An image of a layout by its documents, each held against its digest; layers are not looked at. */
export interface LayoutImage {
  readonly chosen: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  /** As the index calls it. */
  readonly name: string | undefined;
}

export async function readLayoutImage(
  source: Source,
  entries: readonly Descriptor[],
  platform: Platform,
): Promise<LayoutImage> {
  const { manifest: chosen, annotations } = await selectManifest(entries, platform, (entry) => document(source, entry));
  const bytes = await document(source, chosen);
  const manifest = readManifest(bytes, chosen.mediaType, `manifest ${chosen.digest}`);
  const configBytes = await document(source, manifest.config);
  const config = readConfig(configBytes, manifest.layers.length, `config ${manifest.config.digest}`);
  checkPlatform(config, platform);
  return { chosen, manifest, config, name: nameIn(annotations, chosen.digest) };
}

async function prepareOne(
  stage: Stage,
  source: Source,
  entries: readonly Descriptor[],
  platform: Platform,
): Promise<Prepared> {
  const { chosen, manifest, config, name } = await readLayoutImage(source, entries, platform);
  for (const descriptor of [chosen, manifest.config, ...manifest.layers]) {
    await stage.blob(await blob(source, descriptor.digest), descriptor);
  }
  await unpackAll(stage, manifest.layers, config);
  return {
    digest: chosen.digest,
    configDigest: manifest.config.digest,
    size: totalSize(manifest.layers),
    names: name === undefined ? [] : [name],
  };
}

/** Take one image of an OCI image layout (image-spec "Image Layout") over into a stage. */
export async function prepareLayout(stage: Stage, source: Source, platform: Platform): Promise<Prepared> {
  return prepareOne(stage, source, await entriesOf(source), platform);
}

/**
 * The entries of all images of a layout: those of one name are one image, and all of them when nothing has a name. What has none beside images
 * that have one (signatures, attestations) is left out.
 * @throws SecureError LAYOUT_INVALID where there is none
 */
export async function layoutImages(source: Source): Promise<Descriptor[][]> {
  const groups = new Map<string | undefined, Descriptor[]>();
  for (const entry of await entriesOf(source)) {
    const name = nameIn([entry.annotations ?? {}], entry.digest);
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  if (groups.size > 1) groups.delete(undefined);
  if (groups.size === 0) throw new SecureError('LAYOUT_INVALID', `${source.what}: index.json lists no image`);
  return [...groups.values()];
}

/** The same for all images of a layout. */
export async function prepareLayoutImages(stage: Stage, source: Source, platform: Platform): Promise<Prepared[]> {
  const prepared: Prepared[] = [];
  for (const entries of await layoutImages(source)) prepared.push(await prepareOne(stage, source, entries, platform));
  return prepared;
}
