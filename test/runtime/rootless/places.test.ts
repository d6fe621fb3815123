// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { trustedPath, userRoots } from '../../../src/runtime/rootless/places.ts';
import { codeOf, temporaryDirectory } from '../../support/store.ts';

const root = process.geteuid?.() === 0;
const me = process.geteuid?.() ?? 0;
const STRANGER = 21_059;

describe('where a store of a user is', () => {
  it('below XDG_DATA_HOME and XDG_RUNTIME_DIR, 0700', () => {
    const home = realpathSync(temporaryDirectory());
    const env = { HOME: home, XDG_DATA_HOME: join(home, 'data'), XDG_RUNTIME_DIR: join(home, 'run') };
    expect(userRoots(me, env)).toEqual({ state: join(home, 'data/secure'), run: join(home, 'run/secure') });
    expect(lstatSync(join(home, 'data/secure')).mode & 0o777).toBe(0o700);
    expect(userRoots(me, { HOME: home })).toEqual({
      state: join(home, '.local/share/secure'),
      run: join(home, '.local/share/secure/run'),
    });
  });

  it('a link of the user is followed once, and the place is named without it', () => {
    const home = realpathSync(temporaryDirectory());
    mkdirSync(join(home, 'disk'));
    symlinkSync('../disk', join(home, 'disk', 'here'));
    symlinkSync(join(home, 'disk'), join(home, 'data'));
    expect(userRoots(me, { HOME: home, XDG_DATA_HOME: join(home, 'data') }).state).toBe(join(home, 'disk/secure'));
    expect(trustedPath(join(home, 'data/here/./new'), me)).toBe(join(home, 'disk/new'));
  });

  it.each<[string, (home: string) => string]>([
    [
      'a directory that everybody may write',
      (home) => {
        mkdirSync(join(home, 'd'));
        chmodSync(join(home, 'd'), 0o777);
        return join(home, 'd');
      },
    ],
    [
      'one above it that a group may write',
      (home) => {
        mkdirSync(join(home, 'd/e'), { recursive: true });
        chmodSync(join(home, 'd'), 0o770);
        return join(home, 'd/e');
      },
    ],
    [
      'a link to itself',
      (home) => {
        symlinkSync('d', join(home, 'd'));
        return join(home, 'd');
      },
    ],
    [
      'a file',
      (home) => {
        writeFileSync(join(home, 'd'), '');
        return join(home, 'd');
      },
    ],
    [
      'a link through what is missing, and back',
      (home) => {
        symlinkSync('missing/../../etc', join(home, 'd'));
        return join(home, 'd');
      },
    ],
    [
      'a store that others can look into',
      (home) => {
        mkdirSync(join(home, 'secure'));
        chmodSync(join(home, 'secure'), 0o755);
        return home;
      },
    ],
  ])('%s is refused', async (_, make) => {
    const home = realpathSync(temporaryDirectory());
    const data = make(home);
    expect(await codeOf(() => userRoots(me, { HOME: home, XDG_DATA_HOME: data }))).toBe('STORE_FOREIGN');
    expect(existsSync(join(home, 'missing'))).toBe(false);
  });

  it.skipIf(!root)('what belongs to somebody else is refused, a link of theirs as well', async () => {
    const home = realpathSync(temporaryDirectory());
    const theirs = join(home, 'theirs');
    mkdirSync(theirs);
    chownSync(theirs, STRANGER, STRANGER);
    expect(await codeOf(() => userRoots(me, { XDG_DATA_HOME: theirs }))).toBe('STORE_FOREIGN');
    // As in /tmp: everybody may make a name there first.
    const shared = join(home, 'shared');
    mkdirSync(shared);
    chmodSync(shared, 0o1777);
    expect(userRoots(me, { XDG_DATA_HOME: join(shared, 'mine') }).state).toBe(join(shared, 'mine/secure'));
    const { lchownSync } = await import('node:fs');
    symlinkSync(home, join(shared, 'link'));
    lchownSync(join(shared, 'link'), STRANGER, STRANGER);
    expect(await codeOf(() => userRoots(me, { XDG_DATA_HOME: join(shared, 'link') }))).toBe('STORE_FOREIGN');
  });

  it('a relative path is refused', async () => {
    expect(await codeOf(() => userRoots(me, { HOME: '/nowhere', XDG_DATA_HOME: 'data' }))).toBe('INVALID_VALUE');
  });
});
