// SPDX-License-Identifier: Apache-2.0
// Small files, read while nothing else goes on: synchronously, which saves starting the thread pool.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExitCode, SecureError } from '../../errors.ts';
import { digestOf, mismatch } from './digest.ts';
import { errnoOf } from './durable.ts';
import type { Extracted } from './extract.ts';
import { type ImageConfig, readConfig } from './oci/config.ts';
import { DOCUMENT_LIMIT } from './oci/json.ts';
import { type Manifest, readManifest } from './oci/manifest.ts';
import { MANIFEST } from './oci/mediatypes.ts';
import type { ImageRecord } from './records.ts';
import type { StorePaths } from './roots.ts';

/** Compare a document with the digest it was asked for by. */
export function verified(data: Buffer, digest: string): Buffer {
  const found = digestOf(data, digest);
  if (found !== digest) throw mismatch(digest, found);
  return data;
}

/** A document (manifest, config) of the store. Throws STORE_CORRUPT when it is missing or damaged. */
export async function readDocument(paths: StorePaths, digest: string): Promise<Buffer> {
  const corrupt = (problem: string) =>
    new SecureError('STORE_CORRUPT', `blob ${digest} ${problem}`, {
      hint: 'import the image again',
      exitCode: ExitCode.internal,
    });
  let fd: number;
  try {
    fd = openSync(paths.blob(digest), constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? corrupt('is missing from the store') : error;
  }
  try {
    if (fstatSync(fd).size > DOCUMENT_LIMIT) throw corrupt('is damaged');
    return verified(readFileSync(fd), digest);
  } catch (error) {
    throw error instanceof SecureError ? corrupt('is damaged') : error;
  } finally {
    closeSync(fd);
  }
}

/** What the extractor reported when it unpacked a layer. */
export async function readLayer(paths: StorePaths, diffId: string): Promise<Extracted> {
  const path = join(paths.layer(diffId), 'layer.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Extracted;
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
