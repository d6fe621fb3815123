// SPDX-License-Identifier: Apache-2.0
// A copy of the probe in a container of another engine, for as long as it is needed.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { EngineClient, EngineProblem } from '../../audit/facts/engine/client.ts';
import { probeBinary } from '../../runtime/binary.ts';
import { TAR_END, tarHeader, tarPadding } from '../../runtime/images/tar-writer.ts';

export interface Placed {
  /** Inside. */
  readonly path: string;
  /** Told to the probe, which removes itself where it may. */
  readonly unlinks: boolean;
  /** What is left nevertheless; undefined: nothing. */
  remove(): Promise<string | undefined>;
}

/** To look for a place, and to copy a megabyte. */
const PATIENCE_MS = 10_000;

/** Nobody can have made a link of this name before. */
const freshName = (): string => `secure-probe-${randomBytes(12).toString('hex')}`;

/**
 * In a tmpfs of the container, by its process, where this is root on the same machine: nothing of the container's own files is written, and the copy is gone with
 * the program that holds it, however this one ends.
 * @returns undefined: there is no tmpfs that programs are executed from
 */
export function placeByProcess(pid: number): Promise<Placed | undefined> {
  const name = freshName();
  const holder = spawn(probeBinary(), ['--place', String(pid), name], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<void>((resolve) => holder.once('close', () => resolve()));
  holder.stdin.on('error', () => {});
  // Whatever the container mounted there may answer never (FUSE).
  const patience = setTimeout(() => holder.kill('SIGKILL'), PATIENCE_MS);
  void ended.then(() => clearTimeout(patience));
  return new Promise((resolve, reject) => {
    holder.once('error', reject);
    void ended.then(() => resolve(undefined));
    createInterface(holder.stdout).once('line', (path) => {
      clearTimeout(patience);
      resolve({
        ...{ path, unlinks: false },
        async remove() {
          holder.stdin.end();
          await ended;
          return undefined;
        },
      });
    });
  });
}

const member = (name: string, bytes: Uint8Array, mode: number): Buffer =>
  Buffer.concat([
    tarHeader({ path: Buffer.from(name), type: '0', mode, size: bytes.length }),
    bytes,
    tarPadding(bytes.length),
    TAR_END,
  ]);

/**
 * In the root of the container, by its engine. @param container its id
 * @throws EngineProblem a root that is read-only
 */
export async function placeByEngine(client: EngineClient, socket: string, container: string): Promise<Placed> {
  const name = freshName();
  const place = `/containers/${container}/archive?path=`;
  await client.putArchive(`${place}%2F`, member(name, readFileSync(probeBinary()), 0o555));
  const remove = async (): Promise<string | undefined> => {
    // The time of the first one may be over.
    const after = new EngineClient(socket);
    try {
      await after.head(`${place}%2F${name}`);
      await after.putArchive(`${place}%2F`, member(name, new Uint8Array(), 0));
      return `an empty file /${name} is left in it, which its user may not remove`;
    } catch (thrown) {
      if (!(thrown instanceof EngineProblem)) throw thrown;
      return thrown.gone ? undefined : `/${name} may be left in it: ${thrown.message}`;
    } finally {
      after.close();
    }
  };
  // An engine cannot remove a file, and to have a program in the container do it as root would give its user a way to be root: the
  // probe unlinks itself when its user may. If it could not, an empty file is all that is left.
  return { path: `/${name}`, unlinks: true, remove };
}
