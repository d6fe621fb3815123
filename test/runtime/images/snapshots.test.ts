// SPDX-License-Identifier: Apache-2.0
// Whole trees, one for each layer: the same is visited as in the layers of differences that they were made of.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SnapshotWalk } from '../../../src/runtime/images/snapshots.ts';
import type { Layer } from '../../../src/runtime/images/walk.ts';
import { temporaryDirectory } from '../../support/store.ts';

function trees(...changes: readonly ((root: string) => void)[]): Layer[] {
  const directory = temporaryDirectory();
  return changes.map((change, i) => {
    const root = join(directory, String(i));
    if (i === 0) mkdirSync(root);
    else execFileSync('cp', ['-a', join(directory, String(i - 1)), root]);
    change(root);
    return { diffId: `layer ${i + 1}`, root, opaque: false };
  });
}
function visited(layers: readonly Layer[]): string[] {
  const found: string[] = [];
  const complete = new SnapshotWalk(({ path, layer, hidden }) =>
    found.push(`${path}${hidden ? ' hidden' : ''} ${layer.diffId.slice(-1)}`),
  ).run(layers);
  expect(complete).toBe(true);
  return found.sort();
}
const put = (root: string, path: string, text = path, mode = 0o644): void => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text, { mode });
};

it('a file counts where it was added or changed, and is hidden where it went', () => {
  const layers = trees(
    (root) => {
      for (const path of ['kept', 'changed', 'removed', 'gone/deep/file', 'mode', 'back']) put(root, path);
    },
    (root) => {
      put(root, 'changed', 'something else');
      for (const path of ['removed', 'gone', 'back']) rmSync(join(root, path), { recursive: true });
      chmodSync(join(root, 'mode'), 0o777);
    },
    (root) => {
      put(root, 'back', 'again');
      put(root, 'gone', 'a file now');
    },
  );
  expect(visited(layers)).toEqual(
    [
      ...['kept 1', 'changed hidden 1', 'changed 2', 'removed hidden 1', 'mode hidden 1', 'mode 2'],
      ...['back hidden 1', 'back 3', 'gone hidden 1', 'gone/deep hidden 1', 'gone/deep/file hidden 1', 'gone 3'],
    ].sort(),
  );
});

it('of a directory that goes on the last owner and mode count', () => {
  const layers = trees(
    (root) => put(root, 'directory/a'),
    (root) => chmodSync(join(root, 'directory'), 0o700),
    (root) => put(root, 'directory/b'),
  );
  expect(visited(layers)).toEqual(['directory 2', 'directory/a 1', 'directory/b 3']);
});

it('a file that came back as it was counts once more', () => {
  const past = new Date('2020-01-01');
  const same = (root: string): void => {
    put(root, 'file');
    utimesSync(join(root, 'file'), past, past);
  };
  expect(visited(trees(same, (root) => rmSync(join(root, 'file')), same))).toEqual(['file 3', 'file hidden 1']);
});

it('no link is followed', () => {
  const layers = trees((root) => {
    put(root, 'real/file');
    symlinkSync('real', join(root, 'link'));
    symlinkSync('/etc', join(root, 'etc'));
  });
  expect(visited(layers)).toEqual(['etc 1', 'link 1', 'real 1', 'real/file 1']);
});
