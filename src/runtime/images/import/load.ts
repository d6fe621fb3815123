// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { SecureError } from '../../../errors.ts';
import { hostPlatform, type Platform } from '../oci/platform.ts';
import { type ImageRecord, writeRecords } from '../records.ts';
import { openArchive } from '../sources/archive.ts';
import { openDirectory } from '../sources/directory.ts';
import { openTar } from '../sources/tar.ts';
import { Stage } from '../stage.ts';
import type { ImageStore } from '../store.ts';
import { prepareDockerImages } from './docker.ts';
import { checkFree, isDirectory } from './import.ts';
import { prepareLayoutImages } from './layout.ts';
import type { Prepared } from './prepared.ts';

export interface LoadOptions {
  readonly platform?: Platform;
  /** Names that other images have are taken from them. */
  readonly force?: boolean;
}

async function prepare(stage: Stage, path: string, platform: Platform): Promise<Prepared[]> {
  if (await isDirectory(path)) {
    const source = await openDirectory(path);
    try {
      return await prepareLayoutImages(stage, source, platform);
    } finally {
      await source.close();
    }
  }
  const handle = await openArchive(path, join(stage.directory, 'archive'));
  try {
    const source = await openTar(handle, path === '-' ? 'stdin' : path);
    if ((await source.find('oci-layout')) !== undefined) return await prepareLayoutImages(stage, source, platform);
    if ((await source.find('manifest.json')) !== undefined) return await prepareDockerImages(stage, source, platform);
    throw new SecureError(
      'LAYOUT_INVALID',
      `${source.what} has neither oci-layout nor manifest.json: it holds no images`,
      {
        hint: 'a tar of a root file system is brought in with `secure image import FILE --rootfs --name NAME`',
      },
    );
  } finally {
    await handle.close();
  }
}

/** What each name means; one name for two images is a lie about one of them. */
function namedRecords(prepared: readonly Prepared[]): ImageRecord[] {
  const records = new Map<string, ImageRecord>();
  const created = new Date().toISOString();
  for (const { digest, configDigest, size, names } of prepared) {
    if (names.length === 0) {
      throw new SecureError('MISSING_ARGUMENT', `the archive does not say what image ${digest} is called`, {
        hint: 'an archive of one image is brought in with `secure image import FILE --name NAME`',
      });
    }
    for (const reference of names) {
      const other = records.get(reference);
      if (other !== undefined && other.digest !== digest)
        throw new SecureError('LAYOUT_INVALID', `the archive has two images that are called ${reference}`);
      records.set(reference, { reference, digest, configDigest, origin: 'imported', created, size });
    }
  }
  return [...records.values()];
}

/**
 * Bring in every image of a `docker save` archive or an OCI layout (directory or tar); `-` is stdin. All of them become visible or none.
 * @throws SecureError as `importImage`; REFERENCE_TAKEN where a name belongs to another image, without `force`
 */
export async function loadImages(store: ImageStore, path: string, options: LoadOptions = {}): Promise<ImageRecord[]> {
  const stage = await Stage.open(store.paths, store.onEvent);
  try {
    const records = namedRecords(await prepare(stage, path, options.platform ?? hostPlatform()));
    const free = () => (options.force === true ? Promise.resolve() : checkFree(store, records));
    await free();
    await stage.commit();
    await writeRecords(store.paths, records, free);
    return records;
  } finally {
    await stage.close();
  }
}
