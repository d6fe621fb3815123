// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SecureError } from '../../../errors.ts';
import type { Origin } from '../../plan/types.ts';
import { keepReferrers } from '../artifacts/kept.ts';
import { errnoOf } from '../durable.ts';
import { hostPlatform, type Platform } from '../oci/platform.ts';
import { type ImageRecord, readRecord, writeRecords } from '../records.ts';
import { formatReference, parseNewName } from '../reference.ts';
import type { Room } from '../room.ts';
import { openArchive } from '../sources/archive.ts';
import { slice } from '../sources/bytes.ts';
import { openDirectory } from '../sources/directory.ts';
import { openTar } from '../sources/tar.ts';
import { Stage } from '../stage.ts';
import type { ImageStore } from '../store.ts';
import { prepareDocker } from './docker.ts';
import { prepareLayout } from './layout.ts';
import type { Prepared } from './prepared.ts';
import { type ImageSettings, prepareRootfs, sourceDateEpoch } from './rootfs.ts';

export interface ImportOptions {
  /** Name to give it; a short one is below `localhost/`. Without it the archive's own name is used. */
  readonly name?: string;
  readonly platform?: Platform;
  /** Take the archive for a plain root file system whatever it looks like. */
  readonly rootfs?: boolean;
  /** What may be written of it; an archive that is compressed as a whole is bounded by itself. */
  readonly room?: Room;
  /** For a root file system only. */
  readonly settings?: ImageSettings;
}

/**
 * Publish what was prepared under its names. A name that the user gave replaces what had it before; one that merely stands
 * in the archive does not, or an archive from anywhere could take the place of an image that is trusted.
 */
export async function publish(
  store: ImageStore,
  stage: Stage,
  prepared: Prepared,
  origin: Origin,
  name?: string,
): Promise<ImageRecord> {
  const references = name === undefined ? prepared.names : [formatReference(parseNewName(name))];
  const { digest, configDigest, size } = prepared;
  const created = new Date().toISOString();
  const records = references.map((reference) => ({ reference, digest, configDigest, origin, created, size }));
  const [first] = records;
  if (first === undefined) {
    throw new SecureError('MISSING_ARGUMENT', 'the archive does not say what the image is called', {
      hint: 'give it a name with --name',
    });
  }
  const free = () => (name === undefined ? checkFree(store, records) : Promise.resolve());
  await free();
  await stage.commit();
  // Before the image is visible: it is never there without what was made with it.
  await keepReferrers(store.paths, digest, prepared.referrers ?? []);
  await writeRecords(store.paths, records, free);
  return first;
}

/** @throws SecureError REFERENCE_TAKEN where a name that merely stands in an archive belongs to another image */
export async function checkFree(store: ImageStore, records: readonly ImageRecord[]): Promise<void> {
  for (const { reference, digest } of records) {
    const taken = await readRecord(store.paths, reference);
    if (taken === undefined || taken.digest === digest) continue;
    throw new SecureError('REFERENCE_TAKEN', `the archive calls itself ${reference}, which is another image here`, {
      hint: `to replace that image say so: image import --name ${reference}, or image load --force`,
    });
  }
}

async function prepareArchive(
  stage: Stage,
  path: string,
  options: ImportOptions,
  platform: Platform,
): Promise<Prepared> {
  const handle = await openArchive(path, join(stage.directory, 'archive'));
  try {
    const rootfs = async () => {
      const tar = slice(handle, 0, (await handle.stat()).size);
      const created = new Date((sourceDateEpoch() ?? Date.now() / 1000) * 1000).toISOString();
      return prepareRootfs(stage, tar, options.settings ?? {}, created, platform);
    };
    if (options.rootfs === true) return await rootfs();
    const source = await openTar(handle, path === '-' ? 'stdin' : path);
    if ((await source.find('oci-layout')) !== undefined) return await prepareLayout(stage, source, platform);
    if ((await source.find('manifest.json')) !== undefined) return await prepareDocker(stage, source, platform);
    return await rootfs();
  } finally {
    await handle.close();
  }
}

async function prepareDirectory(stage: Stage, path: string, platform: Platform): Promise<Prepared> {
  const source = await openDirectory(path);
  try {
    return await prepareLayout(stage, source, platform);
  } finally {
    await source.close();
  }
}

/** @throws SecureError INVALID_VALUE where it cannot be read */
export async function isDirectory(path: string): Promise<boolean> {
  try {
    return path !== '-' && (await stat(path)).isDirectory();
  } catch (error) {
    const code = errnoOf(error);
    throw new SecureError('INVALID_VALUE', `${path} cannot be read: ${code}`, { cause: error });
  }
}

/**
 * Bring an image in from an OCI layout (directory or tar), a `docker save` archive or a tar of a root file system; `-` is
 * stdin. Everything is verified before anything is visible; on any error the store is as it was.
 */
export async function importImage(store: ImageStore, path: string, options: ImportOptions = {}): Promise<ImageRecord> {
  const platform = options.platform ?? hostPlatform();
  if (options.name !== undefined) parseNewName(options.name);
  const directory = await isDirectory(path);
  const stage = await Stage.open(store.paths, store.onEvent, options.room);
  try {
    const prepared = directory
      ? await prepareDirectory(stage, path, platform)
      : await prepareArchive(stage, path, options, platform);
    return await publish(store, stage, prepared, 'imported', options.name);
  } finally {
    await stage.close();
  }
}
