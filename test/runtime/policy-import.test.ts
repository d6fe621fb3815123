// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { importPodmanPolicy } from '../../src/runtime/policy-import.ts';
import { codeOf, temporaryDirectory } from '../support/store.ts';

const KEY = Buffer.from('a key');
const NAME = `${createHash('sha256').update(KEY).digest('hex').slice(0, 16)}.gpg`;

describe('keys of an imported policy', () => {
  let cwd = '';
  beforeEach(() => {
    cwd = temporaryDirectory();
    const requirement = { type: 'signedBy', keyType: 'GPGKeys', keyData: KEY.toString('base64') };
    writeFileSync(join(cwd, 'policy.json'), JSON.stringify({ default: [requirement] }));
  });
  const run = (keys = 'keys') => importPodmanPolicy('policy.json', { cwd, keys });

  it('are written beside it, and the same again', async () => {
    for (let i = 0; i < 2; i++) expect((await run()).keys).toEqual([join(cwd, 'keys', NAME)]);
    expect(readFileSync(join(cwd, 'keys', NAME))).toEqual(KEY);
    expect(readdirSync(join(cwd, 'keys'))).toEqual([NAME]);
  });

  it('are not written over what is there, nor through a link', async () => {
    mkdirSync(join(cwd, 'keys'));
    const path = join(cwd, 'keys', NAME);
    writeFileSync(path, 'other');
    expect(await codeOf(run())).toBe('OUTPUT_REFUSED');
    expect(readFileSync(path, 'utf8')).toBe('other');
    mkdirSync(join(cwd, 'links'));
    symlinkSync(join(cwd, 'elsewhere'), join(cwd, 'links', NAME));
    expect(await codeOf(run('links'))).toBe('OUTPUT_REFUSED');
    expect(readdirSync(cwd)).not.toContain('elsewhere');
    mkdirSync(join(cwd, 'pipes'));
    execFileSync('mkfifo', [join(cwd, 'pipes', NAME)]);
    expect(await codeOf(run('pipes'))).toBe('INVALID_VALUE');
    expect(await codeOf(run('policy.json/keys'))).toBe('OUTPUT_REFUSED');
  });

  it('have their signatures where registries.d has them, where that is one place', async () => {
    const directory = join(cwd, 'registries.d');
    mkdirSync(directory);
    const written = async () =>
      (await importPodmanPolicy('policy.json', { cwd, keys: 'keys', registriesD: directory })).text;
    expect(await written()).not.toContain('lookaside');
    writeFileSync(join(directory, 'a.yaml'), 'default-docker: { lookaside: "https://s.example/" }\n');
    expect(await written()).toContain('lookaside: https://s.example\n');
    writeFileSync(join(directory, 'b.yaml'), 'docker: { r.example/a: { lookaside: "https://other.example" } }\n');
    const { text, notes } = await importPodmanPolicy('policy.json', { cwd, keys: 'keys', registriesD: directory });
    expect(text).not.toContain('lookaside');
    expect(notes).toMatchObject([{ kind: 'note', message: expect.stringContaining('r.example/a') }]);
  });
});
