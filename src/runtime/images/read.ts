// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, SecureError } from '../../errors.ts';
import { mismatch, openBlob } from './copy.ts';
import { hasher } from './digest.ts';
import type { Extracted } from './extract.ts';
import { type ImageConfig, readConfig } from './oci/config.ts';
import { DOCUMENT_LIMIT } from './oci/json.ts';
import { type Manifest, readManifest } from './oci/manifest.ts';
import { MANIFEST } from './oci/mediatypes.ts';
import type { ImageRecord } from './records.ts';
import type { StorePaths } from './roots.ts';
import { readAll, slice } from './sources/bytes.ts';

/** Compare a document with the digest it was asked for by. */
export function verified(data: Buffer, digest: string): Buffer {
  const { hash, finish } = hasher(digest);
  hash.update(data);
  const found = finish();
  if (found !== digest) throw mismatch(digest, found);
  return data;
}

/** A document (manifest, config) of the store. Throws STORE_CORRUPT when it is missing or damaged. */
export async function readDocument(paths: StorePaths, digest: string): Promise<Buffer> {
  const file = await openBlob(paths.blob(digest));
  const corrupt = (problem: string) =>
    new SecureError('STORE_CORRUPT', `blob ${digest} ${problem}`, {
      hint: 'import the image again',
      exitCode: ExitCode.internal,
    });
  if (file === undefined) throw corrupt('is missing from the store');
  try {
    return verified(await readAll(slice(file, 0, (await file.stat()).size), DOCUMENT_LIMIT, digest), digest);
  } catch (error) {
    throw error instanceof SecureError ? corrupt('is damaged') : error;
  } finally {
    await file.close();
  }
}

/** What the extractor reported when it unpacked a layer. */
export async function readLayer(paths: StorePaths, diffId: string): Promise<Extracted> {
  const path = join(paths.layer(diffId), 'layer.json');
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Extracted;
  } catch (cause) {
    throw new SecureError('STORE_CORRUPT', `${path} cannot be read`, {
      hint: `remove ${paths.layer(diffId)}; the layer is unpacked again when it is needed`,
      exitCode: ExitCode.internal,
      cause,
    });
  }
}

/** Manifest and config of a stored image, verified down from the record's digest. */
export async function readImage(
  paths: StorePaths,
  record: ImageRecord,
): Promise<{ manifest: Manifest; config: ImageConfig; raw: { manifest: Buffer; config: Buffer } }> {
  const manifestBytes = await readDocument(paths, record.digest);
  // What the store holds was checked when it came in; only the document itself says which of the two types it has.
  const { mediaType } = JSON.parse(manifestBytes.toString('utf8')) as { mediaType?: string };
  const manifest = readManifest(manifestBytes, mediaType ?? MANIFEST, record.reference);
  const configBytes = await readDocument(paths, manifest.config.digest);
  const config = readConfig(configBytes, manifest.layers.length, record.reference);
  return { manifest, config, raw: { manifest: manifestBytes, config: configBytes } };
}
