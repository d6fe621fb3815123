// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { removeTree } from '../../../src/runtime/images/remove-tree.ts';
import { temporaryDirectory } from '../../support/store.ts';

describe('removeTree', () => {
  it('removes files of any name, directories and links, and nothing that a link leads to', async () => {
    const directory = temporaryDirectory();
    const outside = join(directory, 'outside');
    mkdirSync(join(directory, 'tree/a/b/c'), { recursive: true });
    mkdirSync(outside);
    writeFileSync(join(outside, 'kept'), 'x');
    symlinkSync(outside, join(directory, 'tree/a/directory'));
    symlinkSync(join(outside, 'kept'), join(directory, 'tree/a/file'));
    symlinkSync('nowhere', join(directory, 'tree/a/b/nothing'));
    const bytes = Buffer.from([0xff, 0xfe, 0x0a]);
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/tree/`), bytes]), 'x');
    mkdirSync(Buffer.concat([Buffer.from(`${directory}/tree/a/`), bytes]));
    await removeTree(join(directory, 'tree'));
    expect(existsSync(join(directory, 'tree'))).toBe(false);
    expect(readFileSync(join(outside, 'kept'), 'utf8')).toBe('x');
  });

  it('removes many entries of one directory, and a deep tree', async () => {
    const tree = join(temporaryDirectory(), 'tree');
    mkdirSync(join(tree, ...Array.from({ length: 200 }, () => 'd')), { recursive: true });
    for (let i = 0; i < 3000; i++) writeFileSync(join(tree, `f${i}`), '');
    await removeTree(tree);
    expect(existsSync(tree)).toBe(false);
  });

  it('a link itself, a file itself, and nothing where there is nothing', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'file');
    writeFileSync(file, 'x');
    symlinkSync(file, join(directory, 'link'));
    await removeTree(join(directory, 'link'));
    expect(existsSync(file)).toBe(true);
    await removeTree(file);
    expect(existsSync(file)).toBe(false);
    await removeTree(file);
  });
});
