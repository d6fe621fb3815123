// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SecureError } from '../../errors.ts';
import type { ImageFacts } from '../plan/types.ts';
import { diskError, errnoOf, writeAtomic } from './durable.ts';
import type { OnEvent } from './events.ts';
import { checkForm } from './form.ts';
import type * as Garbage from './garbage.ts';
import { lockFile } from './lock.ts';
import { readMerged } from './merged.ts';
import { readImage, readLayer } from './read.ts';
import { type ImageRecord, listRecords, readRecord, recordPath, removeRecords } from './records.ts';
import { candidates, formatReference, type Reference } from './reference.ts';
import { rootsFromEnv, StorePaths, type StoreRoots } from './roots.ts';
import type { Usage } from './usage.ts';

/** /etc/passwd and /etc/group of an image may have this many bytes. */
const ACCOUNTS_LIMIT = 1 << 20;

export interface Resolved {
  readonly record: ImageRecord;
  /** Its record; the image changes when this file does. */
  readonly path: string;
  /** Records that were looked for first and are not there: were one to appear, the text would mean another image. */
  readonly absent: readonly string[];
}

export interface Removed {
  readonly references: readonly string[];
  readonly swept: Garbage.Swept;
}

/**
 * The image store of one state root, as docs/state.md describes it. What changes it is loaded when it is needed: most
 * often it is opened to run an image that is there.
 */
export class ImageStore {
  readonly paths: StorePaths;
  readonly onEvent: OnEvent;

  private constructor(paths: StorePaths, onEvent: OnEvent) {
    this.paths = paths;
    this.onEvent = onEvent;
  }

  /** Open the store, making its directories where they are missing. */
  static async open(roots: StoreRoots = rootsFromEnv(), onEvent: OnEvent = () => {}): Promise<ImageStore> {
    const paths = new StorePaths(roots.state);
    requireIds();
    try {
      for (const path of [paths.state, paths.images, paths.blobs, paths.references, paths.layers, paths.tmp]) {
        mkdirSync(path, { recursive: true, mode: 0o700 });
      }
      checkPrivate(paths.state);
      await checkForm(paths);
      const marker = join(paths.images, 'oci-layout');
      if (!existsSync(marker)) await writeAtomic(marker, '{"imageLayoutVersion":"1.0.0"}\n');
    } catch (error) {
      if (['EACCES', 'EPERM', 'EROFS'].includes(errnoOf(error) ?? '')) {
        throw new SecureError('NOT_ROOT', `the image store at ${paths.state} cannot be used: ${errnoOf(error)}`, {
          hint: 'run as root, or set SECURE_STATE_ROOT to a directory of your own',
          cause: error,
        });
      }
      throw diskError(error, `making the image store at ${paths.state}`);
    }
    return new ImageStore(paths, onEvent);
  }

  /** What a text on the command line means, by the rule of `candidates`. Throws REFERENCE_INVALID or IMAGE_NOT_FOUND. */
  async resolve(text: string): Promise<Resolved> {
    const absent: string[] = [];
    const names: string[] = [];
    for (const candidate of candidates(text)) {
      const record = await this.#find(candidate);
      if (record !== undefined) return { record, path: recordPath(this.paths, record.reference), absent };
      names.push(formatReference(candidate));
      if (candidate.tag !== undefined) {
        const { registry, repository, tag } = candidate;
        absent.push(recordPath(this.paths, formatReference({ registry, repository, tag })));
      }
    }
    throw new SecureError('IMAGE_NOT_FOUND', `image ${names.join(' or ')} is not in the store`, {
      hint: 'bring it in with `secure image pull REFERENCE` or `secure image import FILE --name NAME`, or build one with `secure image debian PACKAGE --name NAME`',
    });
  }

  async #find({ digest, ...name }: Reference): Promise<ImageRecord | undefined> {
    if (digest === undefined) return readRecord(this.paths, formatReference(name));
    const bare = formatReference({ registry: name.registry, repository: name.repository });
    const exact = name.tag === undefined ? `${bare}@${digest}` : `${bare}:${name.tag}`;
    const matching = (await listRecords(this.paths)).filter(
      (record) => [record.digest, record.index].includes(digest) && record.reference.replace(/[:@][^/]*$/, '') === bare,
    );
    const found = matching.find(({ reference }) => reference === exact);
    return found ?? (name.tag === undefined ? matching[0] : undefined);
  }

  /** All images, by reference. */
  list(): Promise<ImageRecord[]> {
    return listRecords(this.paths);
  }

  /** Everything known about one image: its record, the verified manifest and config. */
  async inspect(text: string) {
    const { record } = await this.resolve(text);
    return { record, ...(await readImage(this.paths, record)) };
  }

  /** What a plan needs to know. Layers that are not unpacked (any more) are unpacked first. */
  async imageFacts(text: string): Promise<ImageFacts> {
    return this.factsOf((await this.resolve(text)).record);
  }

  /** The same for a record, so that what was decided about it and what is run is one image, whatever its name means by now. */
  async factsOf(record: ImageRecord): Promise<ImageFacts> {
    const { config } = await this.unpacked(record);
    const layers = await this.layersOf(config.diffIds);
    const directories = layers.map(({ path }) => path);
    return {
      reference: record.reference,
      digest: record.digest,
      configDigest: record.configDigest,
      origin: record.origin,
      architecture: config.platform.architecture,
      os: config.platform.os,
      config: config.config,
      layers,
      ...accountsOf(directories),
    };
  }

  /** Manifest and config of a record, as `readImage` has them, when its layers are unpacked. */
  async unpacked(record: ImageRecord): ReturnType<typeof readImage> {
    const image = await readImage(this.paths, record);
    await this.#ensureLayers(
      image.manifest.layers.map(({ digest }) => digest),
      image.config.diffIds,
    );
    return image;
  }

  /** Where unpacked layers are, lowest first, without those below one that hides them all. */
  async layersOf(diffIds: readonly string[]): Promise<ImageFacts['layers']> {
    let first = 0;
    for (const [i, diffId] of diffIds.entries()) if ((await readLayer(this.paths, diffId)).opaqueRoot) first = i;
    return diffIds.slice(first).map((diffId) => ({ diffId, path: join(this.paths.layer(diffId), 'root') }));
  }

  async #ensureLayers(blobs: readonly string[], diffIds: readonly string[]): Promise<void> {
    if (diffIds.every((diffId) => existsSync(this.paths.layer(diffId)))) return;
    const { Stage } = await import('./stage.ts');
    const stage = await Stage.open(this.paths, this.onEvent);
    try {
      for (const [i, diffId] of diffIds.entries()) await stage.layer(blobs[i] ?? '', diffId);
      await stage.commit();
    } finally {
      await stage.close();
    }
  }

  /**
   * Remove references, and then what only they needed. Throws IMAGE_IN_USE when a container was made from the image;
   * with `force` the reference goes, and the layers stay as long as the container needs them.
   */
  async remove(texts: readonly string[], { force = false } = {}): Promise<Removed> {
    return this.#exclusively(async ({ NOTHING_SWEPT, sweep }, usage) => {
      const records = [];
      for (const text of texts) records.push((await this.resolve(text)).record);
      for (const record of records) {
        const users = usage.images.get(record.digest) ?? [];
        if (users.length === 0 || force) continue;
        throw new SecureError('IMAGE_IN_USE', `${record.reference} is used by container ${users[0]?.slice(0, 12)}`, {
          hint: 'remove the container first, or use --force to remove the name only',
        });
      }
      const references = [...new Set(records.map(({ reference }) => reference))];
      await removeRecords(this.paths, references);
      try {
        return { references, swept: await sweep(this.paths, usage) };
      } catch (error) {
        // Another image is damaged, so what may go is unknown; the names asked for are gone all the same.
        if (error instanceof SecureError && error.code === 'STORE_CORRUPT') return { references, swept: NOTHING_SWEPT };
        throw error;
      }
    });
  }

  /** Remove what nothing refers to: leftovers of killed processes, unreferenced blobs and layers. `buildCache`: and what builds kept. */
  prune(buildCache = false): Promise<Garbage.Swept> {
    return this.#exclusively(async ({ sweep, forgetBuilds }, usage) => {
      if (buildCache) await forgetBuilds(this.paths);
      return sweep(this.paths, usage);
    });
  }

  /** The same, after the names of all images that no container was made from. */
  pruneAll(buildCache = false): Promise<Removed> {
    return this.#exclusively(async ({ sweep, forgetBuilds }, usage) => {
      if (buildCache) await forgetBuilds(this.paths);
      const unused = (await listRecords(this.paths)).filter(({ digest }) => !usage.images.has(digest));
      const references = unused.map(({ reference }) => reference);
      if (references.length > 0) await removeRecords(this.paths, references);
      return { references, swept: await sweep(this.paths, usage) };
    });
  }

  async #exclusively<T>(action: (garbage: typeof Garbage, usage: Usage) => Promise<T>): Promise<T> {
    const [garbage, { readUsage }] = await Promise.all([import('./garbage.ts'), import('./usage.ts')]);
    const lock = await lockFile(this.paths.lock, true);
    try {
      return await action(garbage, await readUsage(this.paths));
    } finally {
      lock.release();
    }
  }
}

/** @param layers directories, lowest first */
export function accountsOf(layers: readonly string[]): Pick<ImageFacts, 'passwd' | 'group'> {
  return {
    passwd: readMerged(layers, 'etc/passwd', ACCOUNTS_LIMIT),
    group: readMerged(layers, 'etc/group', ACCOUNTS_LIMIT),
  };
}

/** Files of images belong to many, so it takes root, that of a namespace at least; commands on images enter one by themselves. */
function requireIds(): void {
  const euid = process.geteuid?.() ?? 0;
  if (euid === 0) return;
  throw new SecureError('NOT_ROOT', `this command opens the image store as root only; this is user ${euid}`, {
    hint: "use 'sudo'",
  });
}

/** Whoever can write here chooses what root unpacks and runs. */
function checkPrivate(path: string): void {
  const { uid, mode } = statSync(path);
  if (uid === process.geteuid?.() && (mode & 0o022) === 0) return;
  throw new SecureError('STORE_CORRUPT', `${path} can be written by others`, {
    hint: `it must belong to the user who runs secure and have mode 0700: chown and chmod 700 ${path}`,
  });
}
