// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, it } from 'vitest';
import { parseReference } from '../../../src/runtime/images/reference.ts';
import { listTags, parseTerm, search } from '../../../src/runtime/registry/search.ts';
import { MemoryRegistry } from '../../support/memory-registry.ts';
import { FakeRegistry, noCredentials, type Reply, send, TIMING } from '../../support/registry.ts';
import { codeOf } from '../../support/store.ts';

let registry: FakeRegistry;
let memory: MemoryRegistry;
beforeEach(async () => {
  [registry, memory] = [await FakeRegistry.start(), new MemoryRegistry()];
  registry.fallback = memory.reply;
});
const options = () => ({ timing: TIMING, env: noCredentials() });
const json = (value: unknown, headers = {}): Reply => send(200, JSON.stringify(value), headers);

describe('tags', () => {
  const PATH = '/v2/team/app/tags/list';
  const tags = (limit?: number) =>
    listTags(parseReference(`${registry.host}/team/app`), { ...options(), ...(limit === undefined ? {} : { limit }) });
  const publish = (count: number) => {
    const manifest = { bytes: Buffer.from('{}'), type: 'x' };
    for (let i = 0; i < count; i++) memory.manifestsOf('team/app').set(`t${i}`, manifest);
  };

  it('are all listed, ten thousand in pages of a hundred', async () => {
    publish(10_000);
    memory.page = 100;
    const { tags: found, more } = await tags();
    expect([new Set(found).size, found.length, more]).toEqual([10_000, 10_000, false]);
    expect(registry.paths).toHaveLength(100);
    expect(registry.paths[0]).toBe(`${PATH}?n=1000`);
  });

  it('are not asked for beyond the limit', async () => {
    publish(50);
    memory.page = 10;
    expect(await tags(15)).toMatchObject({ tags: { length: 15 }, more: true });
    expect(registry.paths).toHaveLength(2);
    expect(await tags(50)).toMatchObject({ more: false });
  });

  it('may be none', async () => {
    registry.routes.set(PATH, json({ name: 'team/app', tags: null }));
    expect(await tags()).toEqual({ tags: [], more: false });
  });

  const endless = (): Reply => {
    let page = 0;
    return (request, response) =>
      json({ tags: ['a'] }, { link: `<${PATH}?last=${++page}>; rel="next"` })(request, response);
  };
  const lies: [string, Reply, string][] = [
    ['no JSON', send(200, 'x'), 'REGISTRY_PROTOCOL'],
    ['a list', json([]), 'REGISTRY_PROTOCOL'],
    ['a text', json({ tags: 'a' }), 'REGISTRY_PROTOCOL'],
    ['numbers', json({ tags: [1] }), 'REGISTRY_PROTOCOL'],
    ['what is no tag', json({ tags: ['a\u001b[2J'] }), 'REGISTRY_PROTOCOL'],
    ['a path', json({ tags: ['../x'] }), 'REGISTRY_PROTOCOL'],
    ['an endless tag', json({ tags: ['x'.repeat(300)] }), 'REGISTRY_PROTOCOL'],
    ['an endless page', send(200, ' '.repeat(17 << 20)), 'LIMIT_EXCEEDED'],
    ['pages without end', endless(), 'REGISTRY_PROTOCOL'],
    ['a circle', json({ tags: ['a'] }, { link: `<${PATH}?n=1>; rel="next"` }), 'REGISTRY_PROTOCOL'],
    [
      'the next page elsewhere',
      json({ tags: [] }, { link: '<http://127.0.0.1:1/x>; rel="next"' }),
      'REGISTRY_PROTOCOL',
    ],
    [
      'the next page with a password',
      json({ tags: [] }, { link: '<http://a:b@127.0.0.1/x>; rel="next"' }),
      'REGISTRY_PROTOCOL',
    ],
    ['404', send(404, ''), 'MANIFEST_UNKNOWN'],
    ['403', send(403, ''), 'REGISTRY_DENIED'],
  ];
  it.each(lies)('of a registry that sends %s are an error', async (_, reply, code) => {
    registry.routes.set(PATH, reply);
    expect(await codeOf(tags())).toBe(code);
    expect(registry.seen.length).toBeLessThan(1100);
  });

  it('have a next page beside other links', async () => {
    registry.routes.set(PATH, (request, response) => {
      const link = `<${PATH}?first>; rel="first", <${PATH}?last=a>; title="x"; rel=next`;
      const second = request.url?.endsWith('last=a');
      json({ tags: [second ? 'b' : 'a'] }, second ? {} : { link })(request, response);
    });
    expect((await tags()).tags).toEqual(['a', 'b']);
  });
});

describe('the catalog of a registry', () => {
  beforeEach(() => {
    for (const name of ['team/nginx', 'team/app', 'other/nginx-light', 'redis']) memory.manifestsOf(name);
    memory.page = 2;
  });
  const found = async (term: string, limit?: number) => {
    const { results, more } = await search(`${registry.host}/${term}`, {
      ...options(),
      ...(limit === undefined ? {} : { limit }),
    });
    return { names: results.map(({ name }) => name), more };
  };

  it('is searched for a part of a name', async () => {
    const names = [`${registry.host}/other/nginx-light`, `${registry.host}/team/nginx`];
    expect(await found('NGINX')).toEqual({ names, more: false });
    expect(await found('nginx', 1)).toEqual({ names: names.slice(0, 1), more: true });
    expect((await found('')).names).toHaveLength(4);
    expect((await found('nothing')).names).toEqual([]);
  });

  it('wants a token for it', async () => {
    registry.routes.set('/token', send(200, '{"token":"t0k"}'));
    registry.fallback = (request, response) =>
      request.headers.authorization === 'Bearer t0k'
        ? memory.reply(request, response)
        : send(401, '', { 'www-authenticate': `Bearer realm="http://${registry.host}/token"` })(request, response);
    await found('nginx');
    expect(
      new URL(registry.paths.find((path) => path.startsWith('/token')) ?? '', 'http://x').searchParams.get('scope'),
    ).toBe('registry:catalog:*');
  });

  it.each([
    [404, 'REGISTRY_PROTOCOL'],
    [403, 'REGISTRY_DENIED'],
    [401, 'REGISTRY_AUTH'],
  ] as const)('that is not to be had (%i) is an error', async (status, code) => {
    registry.routes.set('/v2/_catalog', send(status, '', { 'www-authenticate': 'Basic realm="x"' }));
    expect(await codeOf(found('nginx'))).toBe(code);
  });

  it('with a name that is none is an error', async () => {
    registry.routes.set('/v2/_catalog', json({ repositories: ['a\u001b[2J'] }));
    expect(await codeOf(found('a'))).toBe('REGISTRY_PROTOCOL');
  });
});

describe('Docker Hub', () => {
  // Its answer as of docker's engine API, from a server of ours: the index itself is on the network.
  const found = (limit = 25) => search('nginx', { ...options(), limit, index: registry.host });
  const entry = {
    name: 'nginx',
    description: 'Official build of Nginx.',
    star_count: 20000,
    is_official: true,
    is_automated: false,
  };

  it('is asked for a term, and what it says is passed on', async () => {
    registry.routes.set('/v1/search', json({ num_results: 2, query: 'nginx', results: [entry, { name: 'a/nginx' }] }));
    expect(await found()).toEqual({
      results: [
        { name: 'nginx', description: 'Official build of Nginx.', stars: 20000, official: true },
        { name: 'a/nginx', description: '', stars: null, official: null },
      ],
      more: false,
    });
    expect(registry.paths).toEqual(['/v1/search?q=nginx&n=25']);
    expect(await found(1)).toMatchObject({ results: [{ name: 'nginx' }], more: true });
    await found(5000);
    expect(registry.paths.at(-1)).toBe('/v1/search?q=nginx&n=100');
  });

  it.each([
    ['no JSON', send(200, 'x'), 'REGISTRY_PROTOCOL'],
    ['no results', json({}), 'REGISTRY_PROTOCOL'],
    ['a number as the name', json({ results: [{ name: 1 }] }), 'REGISTRY_PROTOCOL'],
    ['negative stars', json({ results: [{ ...entry, star_count: -1 }] }), 'REGISTRY_PROTOCOL'],
    ['a text as official', json({ results: [{ ...entry, is_official: 'yes' }] }), 'REGISTRY_PROTOCOL'],
    ['an endless answer', send(200, ' '.repeat(5 << 20)), 'LIMIT_EXCEEDED'],
    ['429', send(429, '', { 'retry-after': '99999' }), 'REGISTRY_RATE_LIMITED'],
    ['500', send(500, ''), 'REGISTRY_UNREACHABLE'],
  ] as const)('that sends %s is an error', async (_, reply, code) => {
    registry.routes.set('/v1/search', reply);
    expect(await codeOf(found())).toBe(code);
  });
});

it.each([
  ['nginx', 'docker.io', 'nginx'],
  ['team/app', 'docker.io', 'team/app'],
  ['docker.io/nginx', 'docker.io', 'nginx'],
  ['registry.example:5000/team/app', 'registry.example:5000', 'team/app'],
  ['registry.example/', 'registry.example', ''],
  ['a b & c=d', 'docker.io', 'a b & c=d'],
])('%s is searched at %s for %j', (text, registry, term) => {
  expect(parseTerm(text)).toEqual({ registry, term });
});

it.each(['', 'docker.io/', 'a\nb', 'localhost/x', 'x'.repeat(201)])('%j is nothing to search for', async (text) => {
  expect(await codeOf(() => parseTerm(text))).toBe('INVALID_VALUE');
});
