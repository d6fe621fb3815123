// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Bytes, type Source, slice } from './bytes.ts';
import { openRegular } from './regular.ts';

/** A layout directory as a source of files. A link in it leads nowhere: what it names counts as missing. */
export async function openDirectory(path: string): Promise<Source> {
  const root = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  const opened: FileHandle[] = [];
  return {
    what: path,
    async find(name): Promise<Bytes | undefined> {
      const fd = openRegular(root.fd, name);
      if (fd === undefined) return undefined;
      try {
        const handle = await open(`/proc/self/fd/${fd}`, 'r');
        opened.push(handle);
        return slice(handle, 0, (await handle.stat()).size);
      } finally {
        closeSync(fd);
      }
    },
    async close() {
      for (const handle of [...opened, root]) await handle.close();
    },
  };
}
