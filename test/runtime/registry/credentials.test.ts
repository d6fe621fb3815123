// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SecureError } from '../../../src/errors.ts';
import { findCredentials } from '../../../src/runtime/registry/credentials.ts';
import { noCredentials } from '../../support/registry.ts';
import { codeOf, temporaryDirectory } from '../../support/store.ts';

const APP = { registry: 'registry.example', repository: 'team/app' };
const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
const find = (config: object, reference = APP) => findCredentials(reference, { env: noCredentials(config) });
const user = (username: string, password = 'p') => ({ kind: 'password', username, password });

it.each(['registry.example', 'https://registry.example', 'https://registry.example/v1/', 'registry.example/team'])(
  'an entry %s counts',
  async (key) => {
    expect(await find({ auths: { [key]: auth('u:p:q') } })).toEqual(user('u', 'p:q'));
  },
);

it.each(['registry.example:5000', 'registry.example/tea', 'example', 'evil.registry.example', 'registry.example.evil'])(
  'an entry %s is of something else',
  async (key) => {
    expect(await find({ auths: { [key]: auth('u:p') } })).toBeUndefined();
  },
);

it.each(['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'docker.io/library/nginx'])(
  '%s is Docker Hub',
  async (key) => {
    const reference = { registry: 'docker.io', repository: 'library/nginx' };
    expect(await find({ auths: { [key]: auth('u:p') } }, reference)).toEqual(user('u'));
  },
);

it('takes the most specific entry', async () => {
  const auths = { 'registry.example': auth('all:p'), 'registry.example/team/app': auth('app:p') };
  expect(await find({ auths })).toEqual(user('app'));
  expect(await find({ auths }, { ...APP, repository: 'team/other' })).toEqual(user('all'));
});

it('looks in the file of docker, then in that of podman', async () => {
  const runtime = temporaryDirectory();
  const home = temporaryDirectory();
  const env = { HOME: home, XDG_RUNTIME_DIR: runtime };
  mkdirSync(join(runtime, 'containers'));
  writeFileSync(
    join(runtime, 'containers/auth.json'),
    JSON.stringify({ auths: { 'registry.example': { identitytoken: 'refresh' } } }),
  );
  expect(await findCredentials(APP, { env })).toEqual({ kind: 'identity', token: 'refresh' });
  mkdirSync(join(home, '.docker'));
  writeFileSync(join(home, '.docker/config.json'), JSON.stringify({ auths: { 'registry.example': auth('docker:p') } }));
  expect(await findCredentials(APP, { env })).toEqual(user('docker'));
});

it('in the one file that REGISTRY_AUTH_FILE names', async () => {
  const path = join(temporaryDirectory(), 'auth');
  const env = { ...noCredentials({ auths: { 'registry.example': auth('docker:p') } }), REGISTRY_AUTH_FILE: path };
  expect(await findCredentials(APP, { env })).toBeUndefined();
  writeFileSync(path, JSON.stringify({ auths: { 'registry.example/team': auth('file:p') } }));
  expect(await findCredentials(APP, { env })).toEqual(user('file'));
});

it.each([
  ['no JSON', 'Evil'],
  ['no object', '[]'],
  ['auths that are a list', '{"auths":[]}'],
  ['an entry that is a text', '{"auths":{"registry.example":"x"}}'],
  ['an entry that is no base64 of USER:PASSWORD', '{"auths":{"registry.example":{"auth":"AAAA"}}}'],
  ['a password with a line break', JSON.stringify({ auths: { 'registry.example': auth('u:p\r\nX-Evil: 1') } })],
])('a file with %s is one error that names it, and not the secret', async (_, text) => {
  const env = noCredentials();
  const path = join(env.DOCKER_CONFIG ?? '', 'config.json');
  writeFileSync(path, text);
  try {
    await findCredentials(APP, { env });
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(SecureError);
    expect((error as SecureError).code).toBe('CONFIG_INVALID');
    expect((error as SecureError).message).toContain(path);
    expect(`${(error as SecureError).message} ${(error as SecureError).cause}`).not.toContain('Evil');
  }
});

it('a FIFO, a directory and an endless file are errors at once', async () => {
  const make: ((path: string) => unknown)[] = [
    (path) => execFileSync('mkfifo', [path]),
    (path) => mkdirSync(path),
    (path) => writeFileSync(path, ' '.repeat(2 << 20)),
  ];
  for (const place of make) {
    const env = noCredentials();
    place(join(env.DOCKER_CONFIG ?? '', 'config.json'));
    expect(await codeOf(findCredentials(APP, { env }))).toBe('INVALID_VALUE');
  }
});
