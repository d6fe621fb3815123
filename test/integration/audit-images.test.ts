// SPDX-License-Identifier: Apache-2.0
// Images that are no part of the store: of archives and registries.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DockerRegistry, startRegistry } from '../support/docker-registry.ts';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';

/** Checks of what it is called, and where it comes from. */
const NAMED = ['SEC-IMAGE-0009', 'SEC-IMAGE-0013'];

interface Report {
  readonly audited: readonly {
    readonly name: string;
    readonly results: readonly { readonly id: string; readonly status: string }[];
  }[];
}

describe.skipIf(cannotRun())('images that are not in the store', () => {
  let secure: Secure;
  let registry: DockerRegistry;
  const file = (name: string) => join(secure.root, name);
  /** Verdicts by image. */
  const audit = async (...args: string[]) => {
    const result = await secure.run('audit', 'image', '--json', '--fail-on', 'none', ...args);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    return (JSON.parse(result.stdout) as Report).audited.map(({ name, results }) => ({
      name,
      results: results.filter(({ id }) => !NAMED.includes(id)).map(({ id, status }) => [id, status]),
    }));
  };
  const left = () => readdirSync(join(secure.env.SECURE_STATE_ROOT ?? '', 'tmp'));

  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
    registry = await startRegistry(file('registry'));
    expect((await secure.run('image', 'tag', 'busybox', `${registry.host}/team/app:1`)).code).toBe(0);
    expect((await secure.run('image', 'push', `${registry.host}/team/app:1`)).code).toBe(0);
  });
  afterAll(async () => {
    await registry.stop();
    await secure.destroy();
  });

  it('are judged from archives and layouts as those of the store, which stays as it is', async () => {
    const before = (await secure.run('image', 'ls', '--json')).stdout;
    const [stored] = await audit('busybox');
    for (const format of ['oci-archive', 'docker-archive']) {
      const path = file(`${format}.tar`);
      const saved = await secure.run('image', 'save', 'busybox', '--format', format, '-o', path);
      expect(saved, saved.stderr).toMatchObject({ code: 0 });
      expect(await audit('--archive', path)).toEqual([stored]);
    }
    expect(await audit('--archive', file('layout'), 'busybox')).toHaveLength(2);
    expect((await secure.run('image', 'ls', '--json')).stdout).toBe(before);
    expect(left()).toEqual([]);
  });

  it('are fetched for it and not kept', async () => {
    const [stored] = await audit('busybox');
    await secure.run('image', 'rm', `${registry.host}/team/app:1`);
    const [fetched] = await audit('--pull', `${registry.host}/team/app:1`);
    expect(fetched).toEqual({ name: `${registry.host}/team/app:1`, results: stored?.results });
    expect((await secure.run('audit', 'image', `${registry.host}/team/app:1`)).stderr).toContain('IMAGE_NOT_FOUND');
    expect(left()).toEqual([]);
  });

  it('that are wrong are one error, and nothing is left', async () => {
    writeFileSync(file('broken.tar'), readFileSync(file('docker-archive.tar')).subarray(0, 5000));
    for (const [args, code] of [
      [['--archive', file('none.tar')], 'INVALID_VALUE'],
      [['--archive', file('broken.tar')], 'ARCHIVE_TRUNCATED'],
      [['--pull', `${registry.host}/team/app:2`], 'MANIFEST_UNKNOWN'],
      [[], 'MISSING_ARGUMENT'],
    ] as const) {
      const result = await secure.run('audit', 'image', ...args);
      expect([errorCode(result), result.stdout], result.stderr).toEqual([code, '']);
      expect(left()).toEqual([]);
    }
  });
});
