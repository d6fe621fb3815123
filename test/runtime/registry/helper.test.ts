// SPDX-License-Identifier: Apache-2.0
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { SecureError } from '../../../src/errors.ts';
import { findCredentials } from '../../../src/runtime/registry/credentials.ts';
import { helperErase, helperGet, helperStore } from '../../../src/runtime/registry/helper.ts';
import { installHelper, installScript } from '../../support/credential-helper.ts';
import { noCredentials } from '../../support/registry.ts';
import { codeOf, temporaryDirectory } from '../../support/store.ts';

const APP = { registry: 'registry.example', repository: 'team/app' };
const HUB = { registry: 'docker.io', repository: 'library/app' };
const user = (username: string, password = 'p') => ({ kind: 'password', username, password });
const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });

describe('credentials of a helper', () => {
  let directory = '';
  beforeEach(() => {
    directory = temporaryDirectory();
  });
  const find = (config: object, PATH: string, reference = APP) =>
    findCredentials(reference, { env: { ...noCredentials(config), PATH } });

  it('for one registry, under the name that the file has for it', async () => {
    const { path, calls } = installHelper(directory, 'one', { 'registry.example': { Username: 'u', Secret: 'p' } });
    const config = { credHelpers: { 'registry.example': 'one' } };
    expect(await find(config, path)).toEqual(user('u'));
    expect(calls()).toEqual([[['get'], 'registry.example']]);
    expect(await find(config, path, { ...APP, registry: 'other.example' })).toBeUndefined();
    expect(calls()).toHaveLength(1);
  });

  it('for everything, also where no entry names the registry', async () => {
    const { path } = installHelper(directory, 'all', {
      'registry.example': { Username: 'u', Secret: 'p' },
      'https://index.docker.io/v1/': { Username: 'hub', Secret: 'p' },
    });
    expect(await find({ credsStore: 'all' }, path)).toEqual(user('u'));
    expect(await find({ credsStore: 'all' }, path, HUB)).toEqual(user('hub'));
    expect(await find({ credsStore: 'all' }, path, { ...APP, registry: 'other.example' })).toBeUndefined();
  });

  it('of Docker Hub as podman names it', async () => {
    const { path } = installHelper(directory, 'one', { 'docker.io': { Username: 'u', Secret: 'p' } });
    expect(await find({ credHelpers: { 'docker.io': 'one' } }, path, HUB)).toEqual(user('u'));
  });

  it('under the name of an entry that says no more', async () => {
    const { path } = installHelper(directory, 'all', {
      'https://registry.example/v1/': { Username: 'u', Secret: 'p' },
    });
    expect(await find({ credsStore: 'all', auths: { 'https://registry.example/v1/': {} } }, path)).toEqual(user('u'));
  });

  it('give way to an entry of their own, and one of a helper of its own goes before the helper for all', async () => {
    const { path } = installHelper(directory, 'all', { 'registry.example': { Username: 'all', Secret: 'p' } });
    installHelper(directory, 'one', { 'registry.example': { Username: 'one', Secret: 'p' } });
    const auths = { 'registry.example': auth('file:p') };
    expect(await find({ credsStore: 'all', auths }, path)).toEqual(user('file'));
    expect(await find({ credsStore: 'all', auths, credHelpers: { 'registry.example': 'one' } }, path)).toEqual(
      user('one'),
    );
  });

  it('are a refresh token under the user name <token>', async () => {
    const { path } = installHelper(directory, 'one', {
      'registry.example': { Username: '<token>', Secret: 'r3fresh' },
    });
    expect(await find({ credHelpers: { 'registry.example': 'one' } }, path)).toEqual({
      kind: 'identity',
      token: 'r3fresh',
    });
  });

  it('are stored and erased, and erasing what is not there is no error', async () => {
    const { path, content } = installHelper(directory, 'one');
    const options = { env: { PATH: path } };
    await helperStore('one', 'registry.example', { kind: 'password', username: 'u', password: 'a"b\\c' }, options);
    expect(content()).toEqual({ 'registry.example': { Username: 'u', Secret: 'a"b\\c' } });
    expect(await helperGet('one', 'registry.example', options)).toEqual(user('u', 'a"b\\c'));
    await helperErase('one', 'registry.example', options);
    await helperErase('one', 'registry.example', options);
    expect(content()).toEqual({});
    await helperStore('one', 'registry.example', { kind: 'identity', token: 't' }, options);
    expect(content()).toEqual({ 'registry.example': { Username: '<token>', Secret: 't' } });
  });

  it.each(['../bin/sh', '/bin/sh', 'a b', '', '-x', '.x', 'a\n', 'x'.repeat(65), 'a;b', '$(id)'])(
    'are not sought with %j, which is no name',
    async (name) => {
      const path = installScript(directory, 'x', '#!/bin/sh\necho "{}"');
      expect(await codeOf(helperGet(name, 'registry.example', { env: { PATH: path } }))).toBe('REGISTRY_AUTH');
    },
  );

  it('are not sought with a program of the working directory', async () => {
    installScript(directory, 'here', `#!/bin/sh\ntouch ${directory}/ran\necho '{}'`);
    const before = process.cwd();
    process.chdir(join(directory, 'bin'));
    try {
      for (const PATH of ['.', '', ':', 'bin', '../bin'])
        expect(await codeOf(helperGet('here', 'registry.example', { env: { PATH } }))).toBe('REGISTRY_AUTH');
    } finally {
      process.chdir(before);
    }
    expect(existsSync(join(directory, 'ran'))).toBe(false);
  });

  it('are asked for on stdin, so that no server is an argument or a command', async () => {
    const { path, calls } = installHelper(directory, 'one');
    const server = '-h; touch x\n$(id)';
    await helperGet('one', server, { env: { PATH: path } });
    expect(calls()).toEqual([[['get'], server]]);
  });

  it('follow a symlink in PATH, as an alternative is installed', async () => {
    const { path } = installHelper(directory, 'one', { r: { Username: 'u', Secret: 'p' } });
    symlinkSync(join(directory, 'bin/docker-credential-one'), join(directory, 'bin/docker-credential-other'));
    expect(await helperGet('other', 'r', { env: { PATH: path } })).toEqual(user('u'));
  });

  it.each([
    ['is missing', undefined],
    ['fails', 'echo s3cret; echo s3cret 1>&2 2>/dev/null; exit 3'],
    ['fails and blames nobody', 'exit 1'],
    ['dies', 'kill -9 $$'],
    ['reads nothing and answers nothing', 'exec 0<&-; exit 0'],
    ['answers no JSON', 'echo s3cret'],
    ['answers a list', 'echo "[]"'],
    ['answers a number as the secret', `echo '{"Username":"s3cret","Secret":1}'`],
    ['answers a header in the secret', `echo '{"Username":"u","Secret":"s3cret\\r\\nX: y"}'`],
    ['answers a user name that would be cut', `echo '{"Username":"u:v","Secret":"s3cret"}'`],
    ['answers a secret without a user', `echo '{"Username":"","Secret":"s3cret"}'`],
    ['never stops answering', 'while :; do echo s3creeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeet; done'],
    ['never answers', 'exec sleep 600'],
    ['leaves a child that holds the pipe', 'sleep 5 & exec sleep 600'],
  ])('whose helper %s are one error without the secret', async (_, script) => {
    const path = script === undefined ? '/usr/bin:/bin' : installScript(directory, 'bad', `#!/bin/sh\n${script}\n`);
    const start = performance.now();
    try {
      await helperGet('bad', 'registry.example', { env: { PATH: path }, patience: 1500 });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(SecureError);
      const { code, message, hint, cause } = error as SecureError;
      expect(code).toBe('REGISTRY_AUTH');
      expect(message).toContain('docker-credential-bad');
      expect(`${message}${hint}${cause}`).not.toContain('s3cre');
    }
    expect(performance.now() - start).toBeLessThan(4000);
  });

  it('are not waited for when nobody wants them any more', async () => {
    const path = installScript(directory, 'slow', '#!/bin/sh\nexec sleep 600\n');
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    const asking = helperGet('slow', 'registry.example', { env: { PATH: path }, signal: stop.signal });
    expect(await codeOf(asking)).toBe('REGISTRY_AUTH');
  });
});
