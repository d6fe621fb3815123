// SPDX-License-Identifier: Apache-2.0
// The images of an OCI layout (directory or archive) and of an archive of `docker save`.
import { closeSync, constants, existsSync, openSync, readSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecureError } from '../../../errors.ts';
import { digestOf, hasher } from '../digest.ts';
import { layerType, listed, need, readDockerImage } from '../import/docker.ts';
import { layoutImages, readLayoutImage } from '../import/layout.ts';
import { manifestOf } from '../import/prepared.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { JsonObject } from '../oci/json.ts';
import { openArchive } from '../sources/archive.ts';
import type { Bytes, Source } from '../sources/bytes.ts';
import { archiveCompression } from '../sources/decompress.ts';
import { openDirectory } from '../sources/directory.ts';
import { openTar } from '../sources/tar.ts';
import { checksumMatches } from '../sources/tarheader.ts';
import { type LookedAt, type LookOptions, lookedAt, platformOf } from './looked.ts';

/** Whether there is something at a path that images are kept in: a layout, or a file that begins as archives do. */
export function holdsImages(path: string): boolean {
  if (statSync(path).isDirectory()) return existsSync(join(path, 'oci-layout'));
  // A FIFO and the like is opened without waiting for a writer, and has no beginning.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const head = Buffer.alloc(512);
    const length = readSync(fd, head, 0, head.length, 0);
    return archiveCompression(head.subarray(0, length)) !== undefined || (length === 512 && checksumMatches(head));
  } catch {
    return false;
  } finally {
    closeSync(fd);
  }
}

async function hashed(bytes: Bytes): Promise<string> {
  const { hash, finish } = hasher();
  for await (const chunk of bytes.chunks()) hash.update(chunk);
  return finish();
}

async function ofLayout(source: Source, options: LookOptions): Promise<LookedAt[]> {
  const found: LookedAt[] = [];
  for (const entries of await layoutImages(source)) {
    const { chosen, manifest, config, name } = await readLayoutImage(source, entries, platformOf(options));
    const digests = { digest: chosen.digest, configDigest: manifest.config.digest };
    found.push(lookedAt(name ?? options.name ?? '', digests, config, 'imported'));
  }
  return found;
}

/** Such an archive has no manifest: its digest is that of the one which an import would write. */
async function ofDockerImage(source: Source, image: JsonObject, options: LookOptions): Promise<LookedAt[]> {
  const { config, configBytes, paths, names } = await readDockerImage(source, image, platformOf(options));
  const layers: Descriptor[] = [];
  for (const path of paths) {
    const bytes = await need(source, path);
    layers.push({ mediaType: await layerType(bytes), digest: await hashed(bytes), size: bytes.size });
  }
  const configDigest = digestOf(configBytes);
  const manifest = manifestOf({ digest: configDigest, size: configBytes.length }, layers);
  const digests = { digest: digestOf(manifest), configDigest };
  return (names.length === 0 ? [options.name ?? ''] : names).map((name) => lookedAt(name, digests, config, 'imported'));
}

async function ofArchive(path: string, options: LookOptions): Promise<LookedAt[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'secure-look-'));
  try {
    const handle = await openArchive(path, join(scratch, 'archive'));
    try {
      const source = await openTar(handle, path);
      if ((await source.find('oci-layout')) !== undefined) return await ofLayout(source, options);
      if ((await source.find('manifest.json')) === undefined)
        throw new SecureError(
          'LAYOUT_INVALID',
          `${path} has neither oci-layout nor manifest.json: it holds no images`,
          {
            hint: 'give a layout of OCI, as a directory or an archive, or what `docker save` writes',
          },
        );
      const found: LookedAt[] = [];
      for (const image of await listed(source)) found.push(...(await ofDockerImage(source, image, options)));
      return found;
    } finally {
      await handle.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * All images that are in a file or a directory, each once for each of its names; one without a name has the reference `options.name` or ''.
 * @throws SecureError LAYOUT_INVALID, ARCHIVE_INVALID, ARCHIVE_TRUNCATED, DIGEST_MISMATCH, CONFIG_CORRUPT, PLATFORM_MISSING, LIMIT_EXCEEDED, NO_SPACE
 */
export async function lookIntoArchive(path: string, options: LookOptions = {}): Promise<LookedAt[]> {
  if (!statSync(path).isDirectory()) return ofArchive(path, options);
  const source = await openDirectory(path);
  try {
    return await ofLayout(source, options);
  } finally {
    await source.close();
  }
}
