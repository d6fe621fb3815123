// SPDX-License-Identifier: Apache-2.0
// What a host is told about registries: mirrors, authorities, client certificates, and what is insecure.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SecureError } from '../../../src/errors.ts';
import { readConfig } from '../../../src/runtime/config.ts';
import type { ImageEvent } from '../../../src/runtime/images/events.ts';
import { ImageStore } from '../../../src/runtime/images/store.ts';
import { Inputs } from '../../../src/runtime/inputs.ts';
import { configuredRegistries } from '../../../src/runtime/registry/settings.ts';
import { type Certificate, selfSigned, signedBy } from '../../support/certificates.ts';
import { type Layout, ociLayout } from '../../support/oci.ts';
import { FakeRegistry, noCredentials, type Reply, send, snapshot } from '../../support/registry.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';

let env: NodeJS.ProcessEnv = {};
let file = '';
beforeEach(() => {
  env = noCredentials();
  file = join(env.HOME ?? '', '.config/secure/config.yaml');
  mkdirSync(join(env.HOME ?? '', '.config/secure'), { recursive: true });
});
const configure = (text: string) => writeFileSync(file, text);
const read = async (text: string) => {
  configure(text);
  return configuredRegistries(env);
};

describe('the configuration of registries', () => {
  it('is read, with paths from where they are written', async () => {
    const registries = await read(`
profile: strict
registries:
  docker.io:
    mirrors: [mirror.example:5000, "cache.example/hub"]
    mirror-tags: true
  "[::1]:5000": { insecure: true }
  registry.example:
    ca: ca.pem
    cert: /abs/client.pem
    key: ../client.key
`);
    expect([...registries.keys()]).toEqual(['docker.io', '[::1]:5000', 'registry.example']);
    expect(registries.get('docker.io')).toMatchObject({
      mirrors: [
        { registry: 'mirror.example:5000', prefix: '' },
        { registry: 'cache.example', prefix: 'hub' },
      ],
      mirrorTags: true,
      insecure: false,
    });
    const { ca, cert, key } = registries.get('registry.example') ?? {};
    expect([ca?.path, cert?.path, key?.path]).toEqual([
      join(file, '../ca.pem'),
      '/abs/client.pem',
      join(file, '../../client.key'),
    ]);
    expect(ca?.position).toEqual({ file, line: 9, column: 5 });
  });

  it('is none without a file', async () => {
    expect([...(await configuredRegistries(env))]).toEqual([]);
    expect([...(await read('profile: strict'))]).toEqual([]);
  });

  it.each([
    ['registries: []', 1, 1],
    ['registries:\n  a/b: {}', 2, 3],
    ['registries:\n  localhost: {}', 2, 3],
    ['registries:\n  Registry.Example: {}', 2, 3],
    ['registries:\n  1: {}', 2, 3],
    ['registries:\n  a.example: 1', 2, 3],
    ['registries:\n  a.example: { insecur: true }', 2, 16],
    ['registries:\n  a.example: { insecure: yes }', 2, 16],
    ['registries:\n  a.example: { insecure: 1 }', 2, 16],
    ['registries:\n  a.example: { mirrors: m.example }', 2, 16],
    ['registries:\n  a.example:\n    mirrors:\n      - m.example\n      - https://m.example', 5, 9],
    ['registries:\n  a.example:\n    mirrors: [ m.example/ ]', 3, 16],
    ['registries:\n  a.example:\n    mirrors: [ m.example/../x ]', 3, 16],
    ['registries:\n  a.example:\n    mirrors: [ user:pw@m.example ]', 3, 16],
    ['registries:\n  a.example:\n    cert: c.pem', 3, 5],
    ['registries:\n  a.example:\n    key: c.pem', 3, 5],
    ['registries:\n  a.example:\n    ca: [c.pem]', 3, 5],
    ['registries:\n  a.example:\n    insecure: true\n    ca: c.pem', 3, 5],
    ['registries:\n  a.example: {}\n  a.example: {}', 3, 3],
    ['registries: {', 1, 14],
  ])('%j is one error with its place', async (text, line, column) => {
    try {
      await read(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(SecureError);
      const { code, position } = error as SecureError;
      expect([code, position]).toEqual(['CONFIG_INVALID', { file, line, column }]);
    }
  });

  it('has eleven mirrors at most ten times', async () => {
    const mirrors = Array.from({ length: 11 }, (_, i) => `m${i}.example`);
    expect(await codeOf(read(`registries:\n  a.example: { mirrors: [${mirrors.join()}] }`))).toBe('CONFIG_INVALID');
  });

  it('is not for the file of a directory to say, which may be of a cloned repository', async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, 'secure.yaml'), 'registries:\n  docker.io: { insecure: true }\n');
    expect(await codeOf(readConfig(undefined, cwd, new Inputs()))).toBe('CONFIG_INVALID');
  });
});

describe.skipIf(noExtractor())('a registry', () => {
  let layout: Layout;
  let store: ImageStore;
  const events: ImageEvent[] = [];
  beforeEach(async () => {
    layout = ociLayout(join(temporaryDirectory(), 'layout'), { layers: [{ files: [{ path: 'a', data: 'a' }] }] });
    const state = (await openStore()).paths.state;
    events.length = 0;
    store = await ImageStore.open({ state, run: state }, (event) => events.push(event));
  });
  const warnings = () => events.flatMap((event) => (event.type === 'warning' ? [event.text] : []));
  const yaml = (registries: object) => configure(JSON.stringify({ registries }));

  describe('with mirrors', () => {
    let [origin, mirror]: FakeRegistry[] = [];
    const at = () => ({ origin: origin as FakeRegistry, mirror: mirror as FakeRegistry });
    beforeEach(async () => {
      [origin, mirror] = [await FakeRegistry.start(), await FakeRegistry.start()];
      at().origin.publish(layout);
      at().mirror.publish(layout);
      yaml({ [at().origin.host]: { mirrors: [at().mirror.host] } });
    });
    const pull = (text?: string) => at().origin.pull(store, text, { env });

    it('gets everything from them but what a tag means', async () => {
      expect((await pull()).digest).toBe(layout.digest);
      expect(at().origin.paths).toEqual([at().origin.manifestPath('1')]);
      expect(at().mirror.paths.sort()).toEqual(
        [at().origin.blobPath(layout.configDigest), at().origin.blobPath(layout.layers[0]?.digest ?? '')].sort(),
      );
      expect(warnings()).toEqual([]);
    });

    it('gets tags from them where that is allowed, and then is not asked at all', async () => {
      yaml({ [at().origin.host]: { mirrors: [at().mirror.host], 'mirror-tags': true } });
      expect((await pull()).reference).toBe(`${at().origin.host}/team/app:1`);
      expect(at().origin.paths).toEqual([]);
    });

    it('by digest is not asked at all', async () => {
      expect((await pull(`team/app@${layout.digest}`)).digest).toBe(layout.digest);
      expect(at().origin.paths).toEqual([]);
    });

    it('has the prefix that they were given', async () => {
      yaml({ [at().origin.host]: { mirrors: [`${at().mirror.host}/hub/x`] } });
      await pull();
      expect(at().mirror.paths.every((path) => path.startsWith('/v2/hub/x/team/app/'))).toBe(true);
      expect(at().origin.paths.length).toBeGreaterThan(1);
    });

    it.each([
      ['is empty', send(404, '')],
      ['is closed', send(403, '')],
      ['is broken', send(500, '')],
      ['hangs up', (request: Parameters<Reply>[0]) => request.socket.destroy()],
      ['wants to know who asks', send(401, '', { 'www-authenticate': 'Basic realm="x"' })],
      ['sends another length', send(200, 'x', { 'content-length': '1' })],
    ] as const)('whose mirror %s is asked itself', async (name, reply) => {
      at().mirror.routes.clear();
      at().mirror.fallback = reply;
      expect((await pull()).digest).toBe(layout.digest);
      expect(warnings().length > 0).toBe(name !== 'is empty');
      expect((await at().origin.pull(await openStore(), `team/app@${layout.digest}`, { env })).digest).toBe(
        layout.digest,
      );
    });

    it('whose mirror is not there is asked itself', async () => {
      yaml({ [at().origin.host]: { mirrors: ['127.0.0.1:1', at().mirror.host] } });
      expect((await pull()).digest).toBe(layout.digest);
      expect(at().origin.paths).toHaveLength(1);
    });

    it('whose mirror breaks off in the middle has the rest', async () => {
      const digest = layout.layers[0]?.digest ?? '';
      const data = readFileSync(layout.blob(digest));
      at().mirror.routes.set(at().mirror.blobPath(digest), (_, response) => {
        response.writeHead(200, { 'content-length': String(data.length) });
        response.write(data.subarray(0, 1000), () => setTimeout(() => response.socket?.destroy(), 30));
      });
      at().origin.routes.set(at().origin.blobPath(digest), (request, response) => {
        const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
        const range = { 'content-range': `bytes ${from}-${data.length - 1}/${data.length}` };
        send(from === 0 ? 200 : 206, data.subarray(from), from === 0 ? {} : range)(request, response);
      });
      expect((await pull()).digest).toBe(layout.digest);
      expect(at().origin.seen.find(({ path }) => path.includes(digest))?.headers.range).toBe('bytes=1000-');
    });

    it('whose mirror ends a body early is not asked for the rest of that', async () => {
      const digest = layout.layers[0]?.digest ?? '';
      at().mirror.routes.set(at().mirror.blobPath(digest), (_, response) => {
        response.write('x');
        response.end();
      });
      expect(await codeOf(pull())).toBe('DIGEST_MISMATCH');
      expect(at().origin.paths).not.toContain(at().origin.blobPath(digest));
    });

    it('whose mirror lies stores nothing of it', async () => {
      const digest = layout.layers[0]?.digest ?? '';
      const data = Buffer.from(readFileSync(layout.blob(digest)));
      data[600] = 1;
      at().mirror.routes.set(at().mirror.blobPath(digest), send(200, data));
      const before = snapshot(store.paths.state);
      expect(await codeOf(pull())).toBe('DIGEST_MISMATCH');
      expect(snapshot(store.paths.state)).toEqual(before);
      at().mirror.manifest(layout.digest, '{}', 'application/vnd.oci.image.manifest.v1+json');
      at().mirror.routes.delete(at().mirror.blobPath(digest));
      expect((await pull(`team/app@${layout.digest}`)).digest).toBe(layout.digest);
      expect(warnings()).toHaveLength(1);
    });

    it('and they do not get its credentials, nor it theirs', async () => {
      const key = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
      const auths = { [at().origin.host]: key('o:origin'), [at().mirror.host]: key('m:mirror') };
      writeFileSync(join(env.DOCKER_CONFIG ?? '', 'config.json'), JSON.stringify({ auths }));
      for (const server of [at().origin, at().mirror]) {
        for (const [path, reply] of server.routes) {
          server.routes.set(path, (request, response) =>
            request.headers.authorization === undefined
              ? send(401, '', { 'www-authenticate': 'Basic realm="x"' })(request, response)
              : reply(request, response),
          );
        }
      }
      await pull();
      const given = (server: FakeRegistry) =>
        new Set(server.seen.flatMap(({ headers }) => headers.authorization ?? []));
      expect([...given(at().origin)]).toEqual([`Basic ${key('o:origin').auth}`]);
      expect([...given(at().mirror)]).toEqual([`Basic ${key('m:mirror').auth}`]);
    });
  });

  describe('with certificates', () => {
    let [authority, server, client, other]: Certificate[] = [];
    let directory = '';
    let registry: FakeRegistry;
    const all = () => ({ authority, server, client, other }) as Record<string, Certificate>;
    const path = (name: string, kind: 'key' | 'cert') => all()[name]?.[kind] ?? '';
    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'secure-certificates-'));
      authority = selfSigned(directory, 'authority');
      server = signedBy(authority, directory, 'server');
      client = signedBy(authority, directory, 'client');
      other = selfSigned(directory, 'other');
    });
    afterAll(() => rmSync(directory, { recursive: true }));
    const start = async (mutual: boolean) => {
      const { pem } = server as Certificate;
      registry = await FakeRegistry.start(
        mutual ? { ...pem, ca: authority?.pem.cert ?? '', requestCert: true, rejectUnauthorized: true } : pem,
      );
      registry.publish(layout);
    };
    const pull = () => codeOf(registry.pull(store, 'team/app:1', { env }));
    /** As docker and podman have them, in the user's directory. */
    const place = (files: Record<string, string>, below = '.config/containers/certs.d') => {
      const target = join(env.HOME ?? '', below, registry.host);
      mkdirSync(target, { recursive: true });
      for (const [name, from] of Object.entries(files)) copyFileSync(from, join(target, name));
      return target;
    };

    it('is trusted by its authority, of the configuration or of certs.d', async () => {
      await start(false);
      expect(await pull()).toBe('REGISTRY_UNREACHABLE');
      yaml({ [registry.host]: { ca: path('authority', 'cert') } });
      expect(await pull()).toBe('no error');
      yaml({});
      for (const below of ['.config/containers/certs.d', '.config/docker/certs.d']) {
        env = { ...noCredentials() };
        place({ 'ca.crt': path('authority', 'cert') }, below);
        expect([below, await pull()]).toEqual([below, 'no error']);
      }
    });

    it('is not trusted by the authority of another one', async () => {
      await start(false);
      yaml({ '127.0.0.1:1': { ca: path('authority', 'cert') }, [registry.host]: { ca: path('other', 'cert') } });
      expect(await pull()).toBe('REGISTRY_UNREACHABLE');
    });

    it('gets our certificate where it wants one', async () => {
      await start(true);
      yaml({ [registry.host]: { ca: path('authority', 'cert') } });
      expect(await pull()).toBe('REGISTRY_UNREACHABLE');
      const own = { cert: path('client', 'cert'), key: path('client', 'key') };
      yaml({ [registry.host]: { ca: path('authority', 'cert'), ...own } });
      expect(await pull()).toBe('no error');
      yaml({
        [registry.host]: { ca: path('authority', 'cert'), cert: path('other', 'cert'), key: path('other', 'key') },
      });
      expect(await pull()).toBe('REGISTRY_UNREACHABLE');
      yaml({});
      place({
        'ca.crt': path('authority', 'cert'),
        'me.cert': path('client', 'cert'),
        'me.key': path('client', 'key'),
      });
      expect(await pull()).toBe('no error');
    });

    it.each([
      ['a client certificate without its key', { 'me.cert': 'client.cert' }],
      ['a key without its certificate', { 'me.key': 'client.key' }],
      ['another key', { 'me.cert': 'client.cert', 'me.key': 'other.key' }],
      ['a certificate as the key', { 'me.cert': 'client.cert', 'me.key': 'client.cert' }],
      ['a key as the authority', { 'ca.crt': 'client.key' }],
    ])('is not asked where certs.d has %s', async (_, files) => {
      await start(false);
      const from = ([name, what]: [string, string]) => {
        const [whose = '', kind] = what.split('.');
        return [name, path(whose, kind as 'key' | 'cert')];
      };
      place(Object.fromEntries(Object.entries(files).map((entry) => from(entry as [string, string]))));
      expect(await pull()).toBe('CONFIG_INVALID');
      expect(registry.seen).toEqual([]);
    });

    it('is not asked where the configuration names what is not there, or is no certificate', async () => {
      await start(false);
      configure(`registries:\n  "${registry.host}":\n    ca: missing.pem\n`);
      const error = await registry.pull(store, 'team/app:1', { env }).catch((thrown: SecureError) => thrown);
      expect(error).toMatchObject({ code: 'CONFIG_INVALID', position: { file, line: 3, column: 5 } });
      writeFileSync(join(file, '../missing.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
      expect(await pull()).toBe('CONFIG_INVALID');
    });

    it('keeps its certificates where it sends elsewhere', async () => {
      await start(false);
      const elsewhere = await FakeRegistry.start({
        ...(other as Certificate).pem,
        requestCert: true,
        rejectUnauthorized: false,
      });
      const digest = layout.layers[0]?.digest ?? '';
      registry.routes.set(registry.blobPath(digest), send(307, '', { location: `https://${elsewhere.host}/content` }));
      elsewhere.routes.set('/content', send(200, readFileSync(layout.blob(digest))));
      // Neither its authority nor that nothing is checked counts for the other one.
      yaml({ [registry.host]: { insecure: true } });
      expect(await pull()).toBe('REGISTRY_UNREACHABLE');
      const own = { cert: path('client', 'cert'), key: path('client', 'key') };
      yaml({
        [registry.host]: { ca: path('authority', 'cert'), ...own },
        [elsewhere.host]: { ca: path('other', 'cert') },
      });
      let shown: unknown;
      elsewhere.routes.set('/content', (request, response) => {
        shown = (request.socket as unknown as { getPeerCertificate(): object }).getPeerCertificate();
        send(200, readFileSync(layout.blob(digest)))(request, response);
      });
      expect(await pull()).toBe('no error');
      expect(shown).toEqual({});
    });
  });

  describe('that is insecure', () => {
    it('is spoken with though nobody vouches for it, and that is said each time', async () => {
      const { pem } = selfSigned(temporaryDirectory());
      const registry = await FakeRegistry.start(pem);
      registry.publish(layout);
      expect(await codeOf(registry.pull(store, 'team/app:1', { env }))).toBe('REGISTRY_UNREACHABLE');
      yaml({ [registry.host]: { insecure: true } });
      expect((await registry.pull(store, 'team/app:1', { env })).digest).toBe(layout.digest);
      expect(warnings()).toEqual([expect.stringContaining(registry.host)]);
    });

    it('is spoken with in the clear, off this machine too, only where that was said', async () => {
      const registry = await FakeRegistry.start();
      registry.publish(layout);
      // The same server by an address that does not count as this machine.
      registry.host = registry.host.replace('127.0.0.1', '[::ffff:7f00:1]');
      expect(await codeOf(registry.pull(store, 'team/app:1', { env }))).toBe('REGISTRY_UNREACHABLE');
      expect(registry.seen).toEqual([]);
      yaml({ [registry.host]: { insecure: true } });
      registry.routes.set('/here', registry.routes.get(registry.manifestPath('1')) ?? send(500, ''));
      registry.routes.set(registry.manifestPath('1'), send(302, '', { location: '/here' }));
      expect((await registry.pull(store, 'team/app:1', { env })).digest).toBe(layout.digest);
      expect(warnings()).toEqual([expect.stringContaining('insecure')]);
      registry.routes.set(registry.manifestPath('1'), send(302, '', { location: 'http://registry.example/x' }));
      expect(await codeOf(registry.pull(store, 'team/app:1', { env }))).toBe('REGISTRY_PROTOCOL');
    });
  });
});
