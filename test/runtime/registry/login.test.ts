// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { findCredentials } from '../../../src/runtime/registry/credentials.ts';
import { checkPair, login, logout, parseRegistry } from '../../../src/runtime/registry/login.ts';
import { installHelper, installScript } from '../../support/credential-helper.ts';
import { FakeRegistry, noCredentials, send, TIMING } from '../../support/registry.ts';
import { codeOf, temporaryDirectory } from '../../support/store.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
const SECRET = checkPair('me', 'secret');

describe('logging in', () => {
  let registry: FakeRegistry;
  let env: NodeJS.ProcessEnv;
  let file = '';
  beforeEach(async () => {
    registry = await FakeRegistry.start();
    env = noCredentials();
    file = join(env.DOCKER_CONFIG ?? '', 'config.json');
    registry.routes.set('/v2/', (request, response) =>
      send(request.headers.authorization === basic('me:secret') ? 200 : 401, '', {
        'www-authenticate': 'Basic realm="x"',
      })(request, response),
    );
  });
  const enter = (credentials = SECRET) => login(registry.host, credentials, { env, timing: TIMING });
  const content = (path = file) => JSON.parse(readFileSync(path, 'utf8'));
  const found = () => findCredentials({ registry: registry.host, repository: 'a' }, { env });
  const leave = (name: string | undefined = registry.host) => logout(name, { env });

  it('stores what the registry accepts, for its owner only', async () => {
    expect(await enter()).toEqual({ file, helper: null, checked: true });
    expect(content()).toEqual({ auths: { [registry.host]: auth('me:secret') } });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await found()).toEqual(SECRET);
    expect(readdirSync(env.DOCKER_CONFIG ?? '')).toEqual(['config.json']);
  });

  it('makes a directory that others cannot look into', async () => {
    env = { ...env, DOCKER_CONFIG: join(temporaryDirectory(), 'new/.docker') };
    await enter();
    expect(statSync(env.DOCKER_CONFIG ?? '').mode & 0o777).toBe(0o700);
  });

  it('stores nothing that the registry refuses', async () => {
    expect(await codeOf(enter(checkPair('me', 'wrong')))).toBe('REGISTRY_AUTH');
    expect(existsSync(file)).toBe(false);
  });

  it('asks the token server, which must accept them', async () => {
    registry.routes.set('/v2/', (request, response) =>
      send(request.headers.authorization === 'Bearer t0k' ? 200 : 401, '', {
        'www-authenticate': `Bearer realm="http://${registry.host}/token",service="s"`,
      })(request, response),
    );
    registry.routes.set('/token', (request, response) =>
      send(request.headers.authorization === basic('me:secret') ? 200 : 401, '{"token":"t0k"}')(request, response),
    );
    expect((await enter()).checked).toBe(true);
    expect(await codeOf(enter(checkPair('me', 'wrong')))).toBe('REGISTRY_AUTH');
    expect(await found()).toEqual(SECRET);
  });

  it('says that they were not tried where nobody asks', async () => {
    registry.routes.set('/v2/', send(200, '{}'));
    expect((await enter()).checked).toBe(false);
  });

  it.each([
    [404, 'REGISTRY_PROTOCOL'],
    [403, 'REGISTRY_DENIED'],
    [500, 'REGISTRY_UNREACHABLE'],
    [429, 'REGISTRY_RATE_LIMITED'],
  ])('is refused by a registry that answers %i', async (status, code) => {
    registry.routes.set('/v2/', send(status, ''));
    expect(await codeOf(enter())).toBe(code);
    expect(existsSync(file)).toBe(false);
  });

  it('shows user and password to no server but the registry', async () => {
    const other = await FakeRegistry.start();
    other.routes.set('/v2/', send(401, '', { 'www-authenticate': 'Basic realm="x"' }));
    registry.routes.set('/v2/', send(302, '', { location: `http://${other.host}/v2/` }));
    expect(await codeOf(enter())).toBe('REGISTRY_PROTOCOL');
    expect(other.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it('keeps what else is in the file, numbers with all their digits too', async () => {
    const text = `{"HttpHeaders":{"X":"1"},"big":12345678901234567890,"one":1.0,"auths":{"other.example":{"auth":"eDp5"}},"__proto__":{"a":1}}`;
    writeFileSync(file, text, { mode: 0o644 });
    await enter();
    expect(content().auths).toEqual({ 'other.example': { auth: 'eDp5' }, [registry.host]: auth('me:secret') });
    for (const kept of ['12345678901234567890', '"one": 1.0', '"__proto__"', '"HttpHeaders"'])
      expect(readFileSync(file, 'utf8')).toContain(kept);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('leaves no other spelling of the same registry that would count', async () => {
    writeFileSync(file, JSON.stringify({ auths: { [`https://${registry.host}/v1/`]: auth('old:p') } }));
    await enter();
    expect(Object.keys(content().auths)).toEqual([registry.host]);
    expect(await found()).toEqual(SECRET);
  });

  it('writes to the file of REGISTRY_AUTH_FILE where it is set', async () => {
    const path = join(temporaryDirectory(), 'auth.json');
    env = { ...env, REGISTRY_AUTH_FILE: path };
    expect((await enter()).file).toBe(path);
    expect(content(path)).toEqual({ auths: { [registry.host]: auth('me:secret') } });
    expect(existsSync(file)).toBe(false);
  });

  it.each(['credsStore', 'credHelpers'])('leaves them with the helper of %s and not in the file', async (key) => {
    const helper = installHelper(temporaryDirectory(), 'it');
    env = { ...env, PATH: helper.path };
    const config = key === 'credsStore' ? { credsStore: 'it' } : { credHelpers: { [registry.host]: 'it' } };
    writeFileSync(file, JSON.stringify({ ...config, auths: { [registry.host]: auth('old:plain') } }));
    expect((await enter()).helper).toBe('it');
    expect(content().auths).toEqual({ [registry.host]: {} });
    expect(helper.content()).toEqual({ [registry.host]: { Username: 'me', Secret: 'secret' } });
    expect(await found()).toEqual(SECRET);
    expect(await leave()).toEqual([{ registry: registry.host, file, helper: 'it' }]);
    expect([helper.content(), content().auths, await found()]).toEqual([{}, {}, undefined]);
  });

  it('does not fall back to the file where the helper fails', async () => {
    env = {
      ...env,
      PATH: installScript(
        temporaryDirectory(),
        'it',
        '#!/bin/sh\necho "credentials not found in native keychain"\nexit 1\n',
      ),
    };
    const before = JSON.stringify({ credsStore: 'it' });
    writeFileSync(file, before);
    expect(await codeOf(enter())).toBe('REGISTRY_AUTH');
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('keeps a link to the file, as dotfiles have it', async () => {
    const target = join(temporaryDirectory(), 'real.json');
    writeFileSync(target, '{}');
    symlinkSync(target, file);
    await enter();
    expect(content(target).auths).toHaveProperty([registry.host]);
    expect(readFileSync(file, 'utf8')).toBe(readFileSync(target, 'utf8'));
  });

  it.skipIf(process.geteuid?.() !== 0)('does not change what belongs to somebody else', async () => {
    writeFileSync(file, '{}');
    chownSync(file, 1000, 1000);
    expect(await codeOf(enter())).toBe('CONFIG_INVALID');
    expect(readFileSync(file, 'utf8')).toBe('{}');
    chownSync(file, 0, 0);
    chownSync(env.DOCKER_CONFIG ?? '', 1000, 1000);
    expect(await codeOf(enter())).toBe('CONFIG_INVALID');
    expect(readdirSync(env.DOCKER_CONFIG ?? '')).toEqual(['config.json']);
  });

  it.each(['{', '[]', '{"auths":[]}', '{"credHelpers":1}', '1', 's3cret'])(
    'does not replace a file that is %s',
    async (text) => {
      writeFileSync(file, text);
      await expect(enter()).rejects.toThrow(file);
      await expect(enter()).rejects.not.toThrow('s3cret');
      expect(await codeOf(enter())).toBe('CONFIG_INVALID');
      expect(readFileSync(file, 'utf8')).toBe(text);
    },
  );

  it('many at the same time lose nothing', async () => {
    const others = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const other = await FakeRegistry.start();
        other.routes.set('/v2/', send(200, ''));
        return other.host;
      }),
    );
    const timing = { ...TIMING, idle: 20_000 };
    await Promise.all(others.map((host) => login(host, SECRET, { env, timing })));
    expect(Object.keys(content().auths).sort()).toEqual([...others].sort());
  });

  it('is undone in every file, and of this registry only', async () => {
    await enter();
    const podman = join(env.XDG_RUNTIME_DIR ?? '', 'containers/auth.json');
    mkdirSync(join(env.XDG_RUNTIME_DIR ?? '', 'containers'));
    const auths = {
      [registry.host]: auth('me:other'),
      [`${registry.host}/team`]: auth('t:p'),
      'other.example': auth('o:p'),
    };
    writeFileSync(podman, JSON.stringify({ auths }));
    chmodSync(podman, 0o600);
    expect((await leave()).map((entry) => entry.file)).toEqual([file, podman]);
    expect(await found()).toBeUndefined();
    expect(Object.keys(content(podman).auths)).toEqual([`${registry.host}/team`, 'other.example']);
    const before = readFileSync(podman);
    expect(await leave()).toEqual([]);
    expect(readFileSync(podman)).toEqual(before);
    expect((await logout(undefined, { env })).length).toBe(2);
    expect(content(podman)).toEqual({ auths: {} });
  });

  it('is undone in the file though the helper is gone, which is an error', async () => {
    writeFileSync(file, JSON.stringify({ credsStore: 'gone', auths: { [registry.host]: auth('me:secret') } }));
    expect(await codeOf(leave())).toBe('REGISTRY_AUTH');
    expect(content()).toEqual({ credsStore: 'gone', auths: {} });
  });

  it('without a file makes none when it is undone', async () => {
    expect(await leave()).toEqual([]);
    expect(existsSync(file)).toBe(false);
  });

  it('to Docker Hub has the name that docker and podman give it', async () => {
    writeFileSync(file, JSON.stringify({ auths: { 'https://index.docker.io/v1/': auth('a:b') } }));
    expect((await leave('docker.io')).map(({ registry }) => registry)).toEqual(['docker.io']);
    expect(content()).toEqual({ auths: {} });
  });
});

it.each([
  ['registry.example:5000', 'registry.example:5000'],
  ['https://index.docker.io/v1/', 'docker.io'],
  ['https://Registry.Example', 'registry.example'],
  ['[::1]:5000', '[::1]:5000'],
])('%s is the registry %s', (text, registry) => {
  expect(parseRegistry(text)).toBe(registry);
});

it.each([
  '',
  'registry',
  'localhost',
  'registry.example/team',
  'me@registry.example',
  'registry.example:0',
  'a b.c',
  '../x.y',
  'x.y?z',
  'x.y#z',
])('%j is no registry', async (text) => {
  expect(await codeOf(() => parseRegistry(text))).toBe('INVALID_VALUE');
});

it.each([
  ['', 'p'],
  ['a:b', 'p'],
  ['a\nb', 'p'],
  ['a', ''],
  ['a', 'p\r\nX-Evil: 1'],
  ['a', 'p\0'],
])('user %j with password %j cannot be sent', async (user, password) => {
  expect(await codeOf(() => checkPair(user, password))).toBe('INVALID_VALUE');
});
