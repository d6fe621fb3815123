// SPDX-License-Identifier: Apache-2.0
// A user without root and a store of their own: what cannot be done is said as what it is, before anything is there.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ociLayout } from '../support/oci.ts';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';
import { serveLayout } from '../support/serve-layout.ts';

const NOBODY = 65534;

describe.skipIf(cannotRun())('without root', () => {
  let secure: Secure;
  let env: Record<string, string> = {};
  let state = '';
  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
    const own = join(secure.root, 'own');
    mkdirSync(own);
    chmodSync(secure.root, 0o755);
    state = join(own, 'state');
    env = { SECURE_STATE_ROOT: state, SECURE_RUN_ROOT: join(own, 'run'), HOME: own, XDG_RUNTIME_DIR: own };
    spawnSync('chown', ['-R', `${NOBODY}:${NOBODY}`, own]);
  });
  afterAll(() => secure.destroy());
  const call = (...args: string[]) => secure.call(args, { uid: NOBODY, env, cwd: '/' });

  it('neither a file nor a registry gives an image, and the store stays empty', async () => {
    const layout = ociLayout(join(secure.root, 'layout'), { layers: [{ files: [{ path: 'a', data: 'x' }] }] });
    const { host } = await serveLayout(layout.directory);
    for (const args of [
      ['image', 'import', layout.directory, '--name', 'app'],
      ['image', 'pull', '-q', `${host}/team/app:1`],
    ]) {
      const result = await call(...args);
      expect([result.code, errorCode(result), result.stdout]).toEqual([2, 'NOT_ROOT', '']);
    }
    for (const place of ['layers', 'tmp', 'images/blobs']) expect(readdirSync(join(state, place))).toEqual([]);
    const listed = await call('image', 'ls', '--json');
    expect([listed.code, JSON.parse(listed.stdout).images]).toEqual([0, []]);
    const checked = await call('system', 'check');
    expect(checked.code).toBe(0);
  });
});
