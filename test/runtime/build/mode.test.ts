// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseMode } from '../../../src/runtime/build/mode.ts';

const root = mkdtempSync(join(tmpdir(), 'secure-mode-'));
afterAll(() => rmSync(root, { recursive: true }));

const MODES = [
  ...['644', '0755', '4750', '000'],
  ...[
    'u=rwX,go=rX',
    'a+x',
    '+x',
    'go-w',
    'u+s',
    'g+s,o=',
    'a=r',
    '=',
    'u=g',
    'g=u-w',
    'o+u-x',
    'ug+rw,o-rwx',
    'a+X',
    '-X',
    '+t',
    'o+t',
    'a-t',
    'u+t',
    'g=t',
  ],
  ...['u=', 'go=u', 'ugo=rwxst', 'u-s,g-s', 'uu+x', 'a=,u+rw', '+s', 'o+s', 'u=s'],
];
const STARTS = [0o644, 0o755, 0o600, 0o111, 0o7777, 0, 0o2640, 0o1007];

describe('--chmod', () => {
  it('gives what chmod(1) gives', () => {
    const [file, directory] = [join(root, 'file'), join(root, 'directory')];
    writeFileSync(file, '');
    mkdirSync(directory);
    for (const text of MODES) {
      const change = parseMode(text);
      for (const start of STARTS)
        for (const path of [file, directory]) {
          // GNU chmod keeps the set-id bits of a directory unless they are named, which the builder does not.
          if (path === directory && (start & 0o6000) !== 0) continue;
          chmodSync(path, start);
          execFileSync('sh', ['-c', `umask 0; exec chmod -- '${text}' '${path}'`]);
          const told = [text, start.toString(8), path === directory];
          expect([...told, change?.(start, path === directory).toString(8)]).toEqual([
            ...told,
            (statSync(path).mode & 0o7777).toString(8),
          ]);
        }
    }
  }, 60_000);

  it.each([
    '',
    '9',
    '77',
    '8755',
    'u',
    'x',
    'u+z',
    'u+x,',
    ',u+x',
    'u=rw g=r',
    '-1',
    '0x755',
    'u+xg',
    'b+x',
    '755,u+x',
  ])('%j is none', (text) => expect(parseMode(text)).toBe(undefined));
});
