// SPDX-License-Identifier: Apache-2.0
// Images that an engine packs for us, since their files lie where nobody else can read them: each is brought into a store of its own, looked
// at as an archive is, and gone.
import { closeSync, openSync, readSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { EngineClient, EngineProblem } from '../../audit/facts/engine/client.ts';
import { type LookedAt, layerName, notLookedAt } from '../../audit/facts/image/engine.ts';
import { collectImage } from '../../audit/facts/image.ts';
import type { VulnerabilityDatabase } from '../../audit/vulnerabilities/database.ts';
import { SecureError } from '../../errors.ts';
import { errnoOf } from '../../runtime/images/durable.ts';
import { importImage } from '../../runtime/images/import/import.ts';
import { Room } from '../../runtime/images/room.ts';
import { archiveCompression } from '../../runtime/images/sources/decompress.ts';
import { ImageStore } from '../../runtime/images/store.ts';
import { interruptible } from '../interrupt.ts';
import { inScratchStore } from './scratch.ts';

/** Of one archive. */
const MAX_BYTES = 8 * 2 ** 30;
/** For one archive, and for all of an audit. */
const ONE_MS = 60_000;
const ALL_MS = 180_000;
/** What is unpacked takes as much again, its layers by themselves, too, and the disk is not ours alone. */
const SHARE_OF_DISK = 4;
const UNPACKED = 2;
const MAX_ENTRIES = 2_000_000;
const NAME = 'fetched';

export interface FetchOptions {
  /** For all images, from now on. */
  readonly milliseconds?: number;
  /** Of one archive. */
  readonly bytes?: number;
}

/** One after the other, whichever engine they are of: each may take gigabytes on the disk. */
export class FetchedImages {
  readonly #ends: number;
  readonly #milliseconds: number;
  readonly #bytes: number;
  #queue: Promise<unknown> = Promise.resolve();

  constructor({ milliseconds = ALL_MS, bytes = MAX_BYTES }: FetchOptions = {}) {
    this.#milliseconds = milliseconds;
    this.#ends = Date.now() + milliseconds;
    this.#bytes = bytes;
  }

  /** What of an image is known by what the engine packs. It never throws because of the engine, or of what it sent. */
  fetch = (socket: string, id: string, database?: VulnerabilityDatabase): Promise<LookedAt> => {
    const looked = this.#queue.then(() => this.#fetch(socket, id, database));
    this.#queue = looked.catch(() => {});
    return looked;
  };

  async #fetch(socket: string, id: string, database: VulnerabilityDatabase | undefined): Promise<LookedAt> {
    // To unpack it as a user takes a namespace of his, in which neither engines nor their sockets have the owners that are looked for.
    if (process.geteuid?.() !== 0)
      return notLookedAt(
        "only root has its engine pack it: audit as root, or save it for 'secure audit image --archive'",
      );
    const left = Math.min(this.#ends - Date.now(), ONE_MS);
    if (left <= 0) return notLookedAt(`it was not fetched: all images may take ${this.#milliseconds / 1000} seconds`);
    try {
      return await interruptible((cancel) =>
        lookAt(new EngineClient(socket, left, { cancel }), id, this.#bytes, database),
      );
    } catch (thrown) {
      if (thrown instanceof EngineProblem || thrown instanceof SecureError || errnoOf(thrown) !== undefined)
        return notLookedAt(`and it cannot be fetched: ${(thrown as Error).message}`);
      throw thrown;
    }
  }
}

async function lookAt(
  client: EngineClient,
  id: string,
  bytes: number,
  database: VulnerabilityDatabase | undefined,
): Promise<LookedAt> {
  try {
    return await inScratchStore(await ImageStore.open(), async (scratch) => {
      const archive = join(scratch.paths.tmp, 'fetched.tar');
      const { bavail, bsize, files: inodes, ffree } = statfsSync(scratch.paths.tmp);
      const most = Math.min(bytes, Math.floor((bavail * bsize) / SHARE_OF_DISK));
      // Some file systems make inodes as they need them, and say that they have none.
      const entries = inodes === 0 ? MAX_ENTRIES : Math.min(MAX_ENTRIES, Math.floor(ffree / SHARE_OF_DISK));
      const file = openSync(archive, 'wx+', 0o600);
      try {
        await client.save(`/images/${id}/get`, file, most);
        const head = Buffer.alloc(512);
        readSync(file, head, 0, head.length, 0);
        if (archiveCompression(head) !== undefined)
          throw new EngineProblem('what it packed is compressed as a whole, which no engine does');
      } finally {
        closeSync(file);
      }
      const room = new Room(UNPACKED * most, entries);
      const { reference } = await importImage(scratch, archive, { name: NAME, room });
      rmSync(archive);
      const { config } = await scratch.inspect(reference);
      const { files, accounts, incomplete, vulnerabilities } = await collectImage(scratch, reference, database);
      const numbered = (diffId: string): string => {
        const index = config.diffIds.indexOf(diffId);
        return index < 0 ? diffId : layerName(index);
      };
      const secrets = files.secrets.map((one) => ({ ...one, layer: numbered(one.layer) }));
      return { files: { ...files, secrets }, accounts, incomplete, vulnerabilities };
    });
  } finally {
    client.close();
  }
}
