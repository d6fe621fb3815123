// SPDX-License-Identifier: Apache-2.0
// A change to the store in the making. Everything is gathered in one directory below tmp/ and becomes visible by renames once all of it
// was verified and is durable, so that a failure, a full disk or SIGKILL leaves the store as it was and at most garbage.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, type FileHandle, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SecureError } from '../../errors.ts';
import { copyTo, fileMatches, openBlob } from './copy.ts';
import { mismatch, parseDigest } from './digest.ts';
import { diskError, errnoOf, fsyncDir } from './durable.ts';
import type { OnEvent } from './events.ts';
import { type Extracted, type Extraction, extractLayer, startExtraction } from './extract.ts';
import { archiveOf, type LayerMember } from './layer/archive.ts';
import { type Compression, mediaTypeOf, pack } from './layer/pack.ts';
import { type Lock, lockFile, tryLock } from './lock.ts';
import { removeTree } from './remove-tree.ts';
import type { Room } from './room.ts';
import type { StorePaths } from './roots.ts';
import type { Bytes } from './sources/bytes.ts';

/** A layer that is made here. */
export interface NewLayer {
  readonly diffId: string;
  /** Of the blob, as it is stored. */
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
}

export class Stage {
  /** Working directory of this change (0700); files of the caller may live here too. */
  readonly directory: string;
  readonly #paths: StorePaths;
  readonly #locks: readonly Lock[];
  readonly #onEvent: OnEvent;
  readonly #blobs = new Map<string, string>();
  readonly #layers = new Map<string, string>();
  /** Diff ids of layers that are being unpacked as they arrive. */
  readonly #arriving = new Set<string>();

  readonly #room: Room | undefined;

  private constructor(paths: StorePaths, directory: string, locks: readonly Lock[], onEvent: OnEvent, room?: Room) {
    this.#room = room;
    this.#paths = paths;
    this.directory = directory;
    this.#locks = locks;
    this.#onEvent = onEvent;
  }

  /**
   * Holds the store lock shared until `close`: nothing is removed meanwhile.
   * @param room for content that comes in and layers that are unpacked of it
   */
  static async open(paths: StorePaths, onEvent: OnEvent, room?: Room): Promise<Stage> {
    const store = await lockFile(paths.lock, false);
    try {
      const directory = join(paths.tmp, randomBytes(8).toString('hex'));
      await mkdir(directory, { mode: 0o700 });
      // Nobody else takes it: removal of garbage needs the store lock exclusively.
      const own = tryLock(directory);
      return new Stage(paths, directory, own === undefined ? [store] : [own, store], onEvent, room);
    } catch (error) {
      store.release();
      throw diskError(error, 'starting a change of the image store');
    }
  }

  /**
   * Take a blob over, checking its size and digest. One that the store has is read instead of written; a damaged one is
   * replaced.
   */
  async blob(source: Bytes, expected: { digest: string; size: number }): Promise<void> {
    if (!(await this.#has(source, expected))) await this.#take(source, expected.digest);
  }

  /**
   * Take a layer's blob over, and unpack it while it arrives unless its layer is there. It is verified when all of it is there;
   * what was unpacked until then is in this change's directory and nowhere else.
   */
  async layerBlob(source: Bytes, expected: { digest: string; size: number }, diffId: string): Promise<void> {
    if (await this.#has(source, expected, this.#hasLayer(diffId))) return;
    // Two blobs may hold one layer.
    if (this.#arriving.has(diffId) || this.#hasLayer(diffId)) return this.#take(source, expected.digest);
    this.#arriving.add(diffId);
    const work = await this.#newLayer(diffId);
    const extraction = startExtraction(join(work, 'root'), diffId, this.#keep);
    try {
      await this.#take(source, expected.digest, extraction);
      await this.#unpacked(work, expected.digest, await extraction.finish());
    } catch (error) {
      throw diskError(error, `unpacking layer ${diffId}`);
    } finally {
      await extraction.cancel();
    }
  }

  /** Take over content whose digest is not known beforehand; returns the digest (SHA-256). */
  async content(source: Bytes): Promise<string> {
    this.#room?.take(source.size);
    const path = join(this.directory, `content-${randomBytes(8).toString('hex')}`);
    const digest = await copyTo(path, source, undefined);
    this.#onEvent({ type: 'copy', digest, size: source.size, present: false });
    this.#blobs.set(digest, path);
    return digest;
  }

  /** Write a layer that is made here, and unpack it while it is written. Undefined: there are no members, and so no layer. */
  async newLayer(members: Iterable<LayerMember>, compression: Compression): Promise<NewLayer | undefined> {
    const rest = members[Symbol.iterator]();
    const first = rest.next();
    if (first.done === true) return undefined;
    return this.archive(archiveOf(resumed(first.value, rest)), compression);
  }

  /** The same of a plain tar archive. */
  async archive(parts: Iterable<Buffer> | AsyncIterable<Buffer>, compression: Compression): Promise<NewLayer> {
    const work = await this.#newLayer(undefined);
    const extraction = startExtraction(join(work, 'root'), undefined, this.#keep);
    async function* written(): AsyncGenerator<Buffer> {
      for await (const part of parts) {
        await extraction.write(part);
        yield part;
      }
    }
    const path = join(this.directory, `content-${randomBytes(8).toString('hex')}`);
    let size = 0;
    const blob = { size: 0, chunks: () => pack(written(), compression) };
    try {
      const digest = await copyTo(path, blob, undefined, async (chunk) => {
        size += chunk.length;
      });
      const diffId = await this.#unpacked(work, digest, await extraction.finish());
      if (compression === 'none' && diffId !== digest) throw mismatch(digest, diffId);
      this.#blobs.set(digest, path);
      return { diffId, digest, size, mediaType: mediaTypeOf(compression) };
    } catch (error) {
      throw diskError(error, 'unpacking a new layer');
    } finally {
      await extraction.cancel();
    }
  }

  /** Unpack files into a directory of this change, for use while it is open. Returns the directory. */
  async unpack(members: Iterable<LayerMember>): Promise<string> {
    const root = join(await this.#newLayer(undefined), 'root');
    const extraction = startExtraction(root, undefined, this.#keep);
    try {
      for (const chunk of archiveOf(members)) await extraction.write(chunk);
      await extraction.finish();
      return root;
    } catch (error) {
      throw diskError(error, 'unpacking files for a step');
    } finally {
      await extraction.cancel();
    }
  }

  /** The same for an archive, plain or compressed. */
  async unpackFile(file: number): Promise<string> {
    const root = join(await this.#newLayer(undefined), 'root');
    await extractLayer(file, root, undefined, this.#keep);
    return root;
  }

  /**
   * Unpack a layer unless the store has it already. The blob must be here or in the store and is checked again before it is used.
   * Without `diffId` it is computed. Returns the diff id.
   */
  async layer(blob: string, diffId: string | undefined): Promise<string> {
    if (diffId !== undefined && this.#hasLayer(diffId)) return diffId;
    const file = await this.#open(blob);
    try {
      if (!(await fileMatches(file, blob))) {
        throw new SecureError('STORE_CORRUPT', `blob ${blob} does not have its digest any more`, {
          hint: 'import the image again; the damaged blob is then replaced',
        });
      }
      const work = await this.#newLayer(diffId);
      const result = await extractLayer(file.fd, join(work, 'root'), diffId, this.#keep, this.#room?.left);
      this.#room?.take(result.bytes, result.entries);
      return await this.#unpacked(work, blob, result);
    } catch (error) {
      throw diskError(error, `unpacking layer ${diffId ?? blob}`);
    } finally {
      await file.close();
    }
  }

  /** Root directory of a layer that is unpacked here or in the store. */
  root(diffId: string): string {
    return join(this.#layers.get(diffId) ?? this.#paths.layer(diffId), 'root');
  }

  /**
   * Make everything that was gathered until now visible: layers, then blobs. What they belong to is written by the caller afterwards. More may
   * be gathered then, and meanwhile.
   */
  async commit(): Promise<void> {
    const [layers, blobs] = [[...this.#layers], [...this.#blobs]];
    for (const [diffId, work] of layers) {
      await publishLayer(work, this.#paths.layer(diffId));
      if (this.#layers.get(diffId) === work) this.#layers.delete(diffId);
    }
    if (layers.length > 0) await fsyncDir(this.#paths.layers);
    const directories = new Set<string>();
    for (const [digest, path] of blobs) {
      const directory = join(this.#paths.blobs, parseDigest(digest)?.algorithm ?? '');
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await rename(path, this.#paths.blob(digest));
      if (this.#blobs.get(digest) === path) this.#blobs.delete(digest);
      directories.add(directory);
    }
    for (const directory of directories) await fsyncDir(directory);
  }

  /** Remove what was not published and let go of the locks. */
  async close(): Promise<void> {
    try {
      await removeTree(this.directory);
    } finally {
      for (const lock of this.#locks) lock.release();
    }
  }

  /** Descriptors of the locks, which whoever works for this change holds too: killed, it may leave its helpers behind. */
  get #keep(): number[] {
    return this.#locks.map((lock) => lock.fd);
  }

  /**
   * Whether a blob need not be taken over any more. `unpacked`: it was verified when it was written, its layer has come of it, and nothing
   * of it is read before it is verified again (to unpack, save or push it), so that its name and size are enough.
   */
  async #has(source: Bytes, { digest, size }: { digest: string; size: number }, unpacked = false): Promise<boolean> {
    if (source.size !== size) {
      throw new SecureError('DIGEST_MISMATCH', `blob ${digest} has ${source.size} bytes, its descriptor says ${size}`);
    }
    if (this.#blobs.has(digest)) return true;
    const present = await this.#stored(digest, unpacked ? size : undefined);
    this.#onEvent({ type: 'copy', digest, size, present });
    return present;
  }

  async #take(source: Bytes, digest: string, extraction?: Extraction): Promise<void> {
    this.#room?.take(source.size);
    const path = join(this.directory, digest.replace(':', '-'));
    let done = 0;
    const found = await copyTo(path, source, digest, async (chunk) => {
      done += chunk.length;
      this.#onEvent({ type: 'received', digest, done });
      await extraction?.write(chunk);
    });
    if (found !== digest) throw mismatch(digest, found);
    this.#blobs.set(digest, path);
  }

  #hasLayer(diffId: string): boolean {
    return this.#layers.has(diffId) || existsSync(this.#paths.layer(diffId));
  }

  /** The place for a layer that is going to be unpacked. */
  async #newLayer(diffId: string | undefined): Promise<string> {
    const work = join(this.directory, `layer-${randomBytes(8).toString('hex')}`);
    if (diffId !== undefined) this.#onEvent({ type: 'unpack', diffId });
    await mkdir(work, { mode: 0o700 });
    await mkdir(join(work, 'root'));
    // An archive need not have an entry for its root. Every user of a container must be able to pass through it.
    await chmod(join(work, 'root'), 0o755);
    return work;
  }

  async #unpacked(work: string, blob: string, result: Extracted): Promise<string> {
    if (result.setid.length > 0) this.#onEvent({ type: 'setid', diffId: result.diffId, paths: result.setid });
    await writeFile(join(work, 'layer.json'), `${JSON.stringify({ ...result, blob })}\n`, { mode: 0o600, flush: true });
    await fsyncDir(work);
    this.#layers.set(result.diffId, work);
    return result.diffId;
  }

  /** By its content, or by its size where that is given. */
  async #stored(digest: string, size?: number): Promise<boolean> {
    const file = await openBlob(this.#paths.blob(digest));
    if (file === undefined) return false;
    try {
      if (size !== undefined) {
        const stat = await file.stat();
        return stat.isFile() && stat.size === size;
      }
      return await fileMatches(file, digest);
    } finally {
      await file.close();
    }
  }

  async #open(digest: string): Promise<FileHandle> {
    const file = await openBlob(this.#blobs.get(digest) ?? this.#paths.blob(digest));
    if (file !== undefined) return file;
    throw new SecureError('STORE_CORRUPT', `blob ${digest} is missing from the store`, {
      hint: 'import the image again',
    });
  }
}

function* resumed<T>(first: T, rest: Iterator<T>): Generator<T> {
  yield first;
  yield* { [Symbol.iterator]: () => rest };
}

/** Two may unpack the same layer at the same time: the first rename wins, the other's work is garbage. */
async function publishLayer(work: string, target: string): Promise<void> {
  try {
    await rename(work, target);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) throw error;
  }
}
