// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ImageStore } from '../../../src/runtime/images/store.ts';
import { installHelper } from '../../support/credential-helper.ts';
import { type Layout, ociLayout } from '../../support/oci.ts';
import { FakeRegistry, noCredentials, type Reply, send, snapshot } from '../../support/registry.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe.skipIf(noExtractor())('a registry that wants to know who asks', () => {
  let registry: FakeRegistry;
  let store: ImageStore;
  let layout: Layout;
  beforeEach(async () => {
    [registry, store] = [await FakeRegistry.start(), await openStore()];
    layout = ociLayout(join(temporaryDirectory(), 'layout'), { layers: [{ files: [{ path: 'a', data: 'a' }] }] });
    registry.publish(layout);
  });

  /** Every route answers 401 without a header that `accepts` likes. */
  function guard(challenge: () => string, accepts: (authorization: string | undefined) => boolean): void {
    for (const [path, reply] of registry.routes) {
      if (path === '/token') continue;
      registry.routes.set(path, (request, response) =>
        accepts(request.headers.authorization)
          ? reply(request, response)
          : send(401, '', { 'www-authenticate': challenge() })(request, response),
      );
    }
  }
  const bearer = (realm = `http://${registry.host}/token`) =>
    `Bearer realm="${realm}",service="s",scope="registry:catalog:*"`;
  const login = (entry: object) => noCredentials({ auths: { [registry.host]: entry } });
  const user = (text: string) => login({ auth: Buffer.from(text).toString('base64') });
  const tokens = () => registry.seen.filter(({ path }) => path.startsWith('/token'));
  const pull = (env = noCredentials()) => registry.pull(store, 'team/app:1', { env });
  async function refused(env = noCredentials()): Promise<string> {
    const before = snapshot(store.paths.state);
    const code = await codeOf(pull(env));
    expect(snapshot(store.paths.state)).toEqual(before);
    return code;
  }

  it.each(['token', 'access_token'])(
    'gets a %s that anybody may have, for reading this repository only',
    async (key) => {
      guard(bearer, (given) => given === 'Bearer t0k');
      registry.routes.set('/token', send(200, JSON.stringify({ [key]: 't0k' })));
      expect((await pull()).digest).toBe(layout.digest);
      expect(tokens()).toHaveLength(1);
      const query = new URL(tokens()[0]?.path ?? '', 'http://x').searchParams;
      expect([query.get('scope'), query.get('service')]).toEqual(['repository:team/app:pull', 's']);
      expect(tokens()[0]?.headers.authorization).toBeUndefined();
    },
  );

  it('gets a token for a user and a password', async () => {
    guard(bearer, (given) => given === 'Bearer t0k');
    registry.routes.set('/token', (request, response) =>
      send(request.headers.authorization === basic('me:secret') ? 200 : 401, '{"token":"t0k"}')(request, response),
    );
    expect((await pull(user('me:secret'))).digest).toBe(layout.digest);
    expect(await refused(user('me:wrong'))).toBe('REGISTRY_AUTH');
  });

  it('gets a token for a refresh token, which is in no address', async () => {
    guard(bearer, (given) => given === 'Bearer t0k');
    let body = '';
    registry.routes.set('/token', (request, response) => {
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => response.end('{"access_token":"t0k"}'));
    });
    await pull(login({ identitytoken: 'r3fresh' }));
    const form = new URLSearchParams(body);
    expect([form.get('grant_type'), form.get('refresh_token')]).toEqual(['refresh_token', 'r3fresh']);
    expect(JSON.stringify(registry.seen)).not.toContain('r3fresh');
  });

  it('gets user and password themselves', async () => {
    guard(
      () => 'Basic realm="x"',
      (given) => given === basic('me:secret'),
    );
    expect((await pull(user('me:secret'))).digest).toBe(layout.digest);
    expect(await refused(user('me:wrong'))).toBe('REGISTRY_AUTH');
    expect(await refused()).toBe('REGISTRY_AUTH');
  });

  it('gets a new token when the first has expired on the way', async () => {
    let issued = 0;
    registry.routes.set('/token', (_, response) => response.end(JSON.stringify({ token: `t${++issued}` })));
    let uses = 0;
    guard(bearer, (given) => given === `Bearer t${issued}` && ++uses !== 2);
    expect((await pull()).digest).toBe(layout.digest);
    expect(issued).toBe(2);
  });

  it('is asked twice, not for ever', async () => {
    guard(bearer, () => false);
    registry.routes.set('/token', send(200, '{"token":"t0k"}'));
    expect(await refused()).toBe('REGISTRY_AUTH');
    expect(registry.paths).toHaveLength(3);
  });

  it('gets what a credential helper keeps, which is asked once', async () => {
    guard(bearer, (given) => given === 'Bearer t0k');
    registry.routes.set('/token', (request, response) =>
      send(request.headers.authorization === basic('me:secret') ? 200 : 401, '{"token":"t0k"}')(request, response),
    );
    const helper = installHelper(temporaryDirectory(), 'it', { [registry.host]: { Username: 'me', Secret: 'secret' } });
    const env = { ...noCredentials({ credHelpers: { [registry.host]: 'it' } }), PATH: helper.path };
    expect((await pull(env)).digest).toBe(layout.digest);
    expect(helper.calls()).toHaveLength(1);
  });

  it('wants what a credential helper keeps that is not there', async () => {
    guard(bearer, () => false);
    expect(await refused(noCredentials({ credHelpers: { [registry.host]: 'no-such-helper' } }))).toBe('REGISTRY_AUTH');
    expect(tokens()).toEqual([]);
  });

  it.each([
    ['no challenge', ''],
    ['a challenge of another kind', 'Negotiate'],
    ['a challenge without a place', 'Bearer service="s"'],
    ['a place that is no address', 'Bearer realm="/token"'],
    ['a file as the place', 'Bearer realm="file:///etc/passwd"'],
    ['a place in the clear elsewhere', 'Bearer realm="http://token.example/"'],
    ['a place with a password in it', 'Bearer realm="https://me:secret@token.example/"'],
  ])('sends %s', async (_, challenge) => {
    guard(
      () => challenge,
      () => false,
    );
    expect(await refused(user('me:secret'))).toBe('REGISTRY_PROTOCOL');
  });

  const replies: [string, Reply, string][] = [
    ['no JSON', send(200, 'token'), 'REGISTRY_PROTOCOL'],
    ['no token', send(200, '{}'), 'REGISTRY_PROTOCOL'],
    ['a number', send(200, '{"token":1}'), 'REGISTRY_PROTOCOL'],
    ['a header in the token', send(200, '{"token":"a\\r\\nHost: b"}'), 'REGISTRY_PROTOCOL'],
    ['2 MiB', send(200, JSON.stringify({ token: 'a'.repeat(2 << 20) })), 'LIMIT_EXCEEDED'],
    ['no', send(403, ''), 'REGISTRY_AUTH'],
    ['nothing', send(404, ''), 'REGISTRY_PROTOCOL'],
  ];
  it.each(replies)('answers %s when asked for a token', async (_, reply, code) => {
    guard(bearer, () => false);
    registry.routes.set('/token', reply);
    expect(await refused()).toBe(code);
  });

  it('does not get the header again after it sent us to another server, nor may that one ask', async () => {
    const other = await FakeRegistry.start();
    const digest = layout.layers[0]?.digest ?? '';
    const content = registry.routes.get(registry.blobPath(digest)) ?? send(500, '');
    registry.routes.set('/token', send(200, '{"token":"t0k"}'));
    const location = `http://${other.host}/content`;
    registry.routes.set(registry.blobPath(digest), send(307, '', { location }));
    guard(bearer, (given) => given === 'Bearer t0k');
    other.routes.set('/content', send(401, '', { 'www-authenticate': `Bearer realm="http://${other.host}/token"` }));
    expect(await refused()).toBe('REGISTRY_PROTOCOL');
    other.routes.set('/content', content);
    expect((await pull()).digest).toBe(layout.digest);
    expect(other.seen.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/content', undefined],
      ['/content', undefined],
    ]);
  });

  it('that redirects at home keeps the header, and one that sends us round by another does not', async () => {
    const other = await FakeRegistry.start();
    const path = registry.blobPath(layout.layers[0]?.digest ?? '');
    const content = registry.routes.get(path) ?? send(500, '');
    registry.routes.set('/token', send(200, '{"token":"t0k"}'));
    registry.routes.set(path, send(302, '', { location: '/here' }));
    registry.routes.set('/here', send(308, '', { location: `http://${other.host}/there` }));
    other.routes.set('/there', send(302, '', { location: `http://${registry.host}/back` }));
    guard(bearer, (given) => given === 'Bearer t0k');
    registry.routes.set('/back', content);
    await pull();
    const header = (server: FakeRegistry, at: string) =>
      server.seen.find(({ path: seen }) => seen === at)?.headers.authorization;
    expect(header(registry, '/here')).toBe('Bearer t0k');
    expect([header(other, '/there'), header(registry, '/back')]).toEqual([undefined, undefined]);
  });
});
