// SPDX-License-Identifier: Apache-2.0
// The files of a saved archive. Their order and content follow from the images alone.
import { existsSync } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { ExitCode, SecureError } from '../../../errors.ts';
import { openBlob } from '../copy.ts';
import { hasher } from '../digest.ts';
import type { ImageConfig } from '../oci/config.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Manifest } from '../oci/manifest.ts';
import { INDEX, MANIFEST } from '../oci/mediatypes.ts';
import { readLayer } from '../read.ts';
import type { ImageRecord } from '../records.ts';
import { parseReference } from '../reference.ts';
import type { StorePaths } from '../roots.ts';
import { compressionOf } from '../sources/archive.ts';
import { type Bytes, fromBuffer, slice } from '../sources/bytes.ts';

export interface Image {
  readonly record: ImageRecord;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly raw: { readonly manifest: Buffer; readonly config: Buffer };
}
export interface Member extends Bytes {
  readonly path: string;
}

const member = (path: string, content: Bytes): Member => ({ path, size: content.size, chunks: () => content.chunks() });
const json = (path: string, value: unknown) => member(path, fromBuffer(Buffer.from(`${JSON.stringify(value)}\n`)));
const hexOf = (digest: string) => digest.slice(digest.indexOf(':') + 1);

function damaged(digest: string): SecureError {
  return new SecureError('STORE_CORRUPT', `blob ${digest} is missing from the store or damaged`, {
    hint: '`secure system check --repair` removes what is damaged; then pull or import the image again',
    exitCode: ExitCode.internal,
  });
}

/** Passes on what comes, and fails at the end where it is not what its digest says. */
async function* checked(chunks: AsyncIterable<Buffer>, digest: string, blob: string): AsyncGenerator<Buffer> {
  const { hash, finish } = hasher(digest);
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
  if (finish() !== digest) throw damaged(blob);
}

/** The content of a blob. It is opened when it is read, so that many are not open at once. */
async function* stored(paths: StorePaths, { digest, size }: Descriptor): AsyncGenerator<Buffer> {
  const file = await openBlob(paths.blob(digest));
  if (file === undefined) throw damaged(digest);
  try {
    if ((await file.stat()).size !== size) throw damaged(digest);
    yield* checked(slice(file, 0, size).chunks(), digest, digest);
  } finally {
    await file.close();
  }
}

/** The layer in a blob as plain tar. */
async function* unpacked(paths: StorePaths, layer: Descriptor, diffId: string): AsyncGenerator<Buffer> {
  const blob = stored(paths, layer);
  const first = await blob.next();
  const head = first.done ? Buffer.alloc(0) : Buffer.from(first.value);
  const all = (async function* () {
    yield head;
    yield* blob;
  })();
  const compression = compressionOf(head);
  if (compression === undefined) return yield* checked(all, diffId, layer.digest);
  // The part of a blob that is on the way must not change under the decompressor.
  const copies = (async function* () {
    for await (const chunk of all) yield Buffer.from(chunk);
  })();
  const plain = Readable.from(copies, { objectMode: false }).compose(
    compression === 'gzip' ? createGunzip() : createZstdDecompress(),
  );
  try {
    yield* checked(plain as AsyncIterable<Buffer>, diffId, layer.digest);
  } catch (error) {
    throw error instanceof SecureError ? error : damaged(layer.digest);
  }
}

async function unpackedSize(paths: StorePaths, layer: Descriptor, diffId: string): Promise<number> {
  if (existsSync(paths.layer(diffId))) return (await readLayer(paths, diffId)).bytes;
  let size = 0;
  for await (const chunk of unpacked(paths, layer, diffId)) size += chunk.length;
  return size;
}

const byKey = <T>(map: ReadonlyMap<string, T>) =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);

/** A name that says as much as the store knows: one that was pulled by digest alone keeps the digest of what is saved. */
function nameOf({ reference, digest }: ImageRecord): string {
  const { registry, repository, tag } = parseReference(reference);
  return tag === undefined ? `${registry}/${repository}@${digest}` : `${registry}/${repository}:${tag}`;
}

/** An OCI image layout: blobs as they are stored, names as containerd and podman write them. */
export function layoutMembers(paths: StorePaths, images: readonly Image[]): Member[] {
  const blobs = new Map<string, Member>();
  const add = (digest: string, content: Bytes) => {
    const path = `blobs/${digest.replace(':', '/')}`;
    blobs.set(path, member(path, content));
  };
  const manifests = images.map(({ record, manifest, raw }) => {
    const { mediaType } = JSON.parse(raw.manifest.toString('utf8')) as { mediaType?: string };
    add(record.digest, fromBuffer(raw.manifest));
    add(manifest.config.digest, fromBuffer(raw.config));
    for (const layer of manifest.layers) add(layer.digest, { size: layer.size, chunks: () => stored(paths, layer) });
    const name = nameOf(record);
    const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name };
    return { mediaType: mediaType ?? MANIFEST, digest: record.digest, size: raw.manifest.length, annotations };
  });
  return [
    json('oci-layout', { imageLayoutVersion: '1.0.0' }),
    json('index.json', { schemaVersion: 2, mediaType: INDEX, manifests }),
    ...byKey(blobs),
  ];
}

/**
 * The form of `docker save` that all its readers know (docker since 1.10, podman, skopeo): manifest.json, configs, and plain layers by
 * diff id. An image that has no tag has no name in it.
 */
export async function dockerMembers(paths: StorePaths, images: readonly Image[]): Promise<Member[]> {
  const files = new Map<string, Member>();
  const entries = new Map<string, { Config: string; RepoTags: string[]; Layers: string[] }>();
  for (const { record, manifest, config, raw } of images) {
    const Config = `${hexOf(manifest.config.digest)}.json`;
    files.set(Config, member(Config, fromBuffer(raw.config)));
    const Layers: string[] = [];
    for (const [i, layer] of manifest.layers.entries()) {
      const diffId = config.diffIds[i] ?? '';
      const path = `${hexOf(diffId)}.tar`;
      Layers.push(path);
      if (files.has(path)) continue;
      const size = await unpackedSize(paths, layer, diffId);
      files.set(path, member(path, { size, chunks: () => unpacked(paths, layer, diffId) }));
    }
    const entry = entries.get(Config) ?? { Config, RepoTags: [], Layers };
    if (!record.reference.includes('@')) entry.RepoTags.push(record.reference);
    entries.set(Config, entry);
  }
  return [json('manifest.json', byKey(entries)), ...byKey(files)];
}
