// SPDX-License-Identifier: Apache-2.0
// Recipes against real archives: the same state of them gives the same bytes.
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keptReferrers } from '../../src/runtime/images/artifacts/kept.ts';
import { buildDebian } from '../../src/runtime/images/debian/build.ts';
import { hostSources } from '../../src/runtime/images/debian/host-sources.ts';
import { debianRequest } from '../../src/runtime/images/debian/request.ts';
import { imageSbom } from '../../src/runtime/images/sbom/image.ts';
import { noExtractor, openStore, temporaryDirectory } from '../support/store.ts';

function missing(): boolean {
  if (process.env.SECURE_MUST_WORK === '1') return false;
  return noExtractor() || !existsSync('/usr/bin/mmdebstrap');
}

const MINUTES = 60_000;
const TIMESTAMP = '20250520T000000Z';

function recipe(text: string): string {
  const path = join(temporaryDirectory(), 'recipe.yaml');
  writeFileSync(path, text);
  return path;
}

const SMALL = `name: small
packages: [busybox-static]
users:
  - { name: app, uid: 1000, home: /home/app }
  - { name: job, uid: 1001, gid: 1000 }
user: app
volumes: [/data]
stop-signal: SIGINT
ports: [80]
`;

describe.skipIf(missing())('recipes', () => {
  let server: Server;
  let mirror = '';
  const asked: string[] = [];
  beforeAll(async () => {
    // The shape of snapshot.debian.org, with what the configured mirrors have now.
    const { sources } = await hostSources(undefined);
    const uris = sources.flatMap((source) => source.uris).map((uri) => uri.replace(/\/$/, ''));
    server = createServer((request, response) => {
      const [, archive, path] = /^\/archive\/([a-z-]+)\/20250520T000000Z(\/.*)$/.exec(request.url ?? '') ?? [];
      const target = uris.find((uri) => uri.endsWith(`/${archive}`));
      asked.push(archive ?? 'nothing');
      if (target === undefined) response.writeHead(404).end();
      else response.writeHead(302, { location: target + path }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}/archive/debian/${TIMESTAMP}`;
  });
  afterAll(() => server.close());

  it(
    'makes the accounts and the settings that it asks for, from a snapshot',
    async () => {
      const store = await openStore();
      const record = await buildDebian(store, debianRequest([], { recipe: recipe(SMALL), snapshot: mirror }));
      expect(new Set(asked)).toContain('debian');
      expect(asked).not.toContain('nothing');
      const { config, layers, passwd, group } = await store.imageFacts('small');
      expect(config).toMatchObject({ user: 'app', volumes: ['/data'], stopSignal: 'SIGINT', exposedPorts: ['80/tcp'] });
      expect(passwd).toContain('\napp:x:1000:1000:app:/home/app:/usr/sbin/nologin\n');
      expect(passwd).toContain('\njob:x:1001:1000:job:/nonexistent:/usr/sbin/nologin\n');
      expect(group).toMatch(/^app:x:1000:$/m);
      expect(group).not.toMatch(/^job:/m);
      const home = lstatSync(join(layers[0]?.path ?? '', 'home/app'));
      expect([home.uid, home.gid, (home.mode & 0o7777).toString(8)]).toEqual([1000, 1000, '700']);
      const sbom = await imageSbom(store, 'small', 'spdx');
      expect(sbom.text).toContain('busybox-static');
      const again = debianRequest([], { recipe: recipe(SMALL), snapshot: mirror });
      expect((await buildDebian(store, again)).digest).toBe(record.digest);
    },
    3 * MINUTES,
  );

  it.each([
    ['name', 'root:1000', /^E: the packages have a user root already$/m],
    ['uid', 'app:65532', /^E: the packages have a user with the uid 65532 already$/m],
    ['home', 'app:1000:1000:/bin/app', /^E: the home \/bin\/app leads through a link, \/bin$/m],
  ])(
    'ends where a package has the %s of a user',
    async (_, user, says) => {
      const store = await openStore();
      const request = debianRequest(['busybox-static'], { name: 'x', 'add-user': [user] });
      const refused = await buildDebian(store, request).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'BUILD_FAILED', message: expect.stringMatching(says) });
      expect(await store.list()).toEqual([]);
    },
    2 * MINUTES,
  );

  it(
    'gives the same digest when packages are installed with their scripts, on another day and in another store',
    async () => {
      const text = `name: installed
variant: essential
packages: [adduser, ca-certificates, openssh-server]
users: [{ name: app, uid: 1000, home: /srv/app }]
`;
      const stores = [await openStore(), await openStore()];
      const digests: string[] = [];
      const referrers: string[] = [];
      for (const store of stores) {
        const record = await buildDebian(store, debianRequest([], { recipe: recipe(text), snapshot: mirror }));
        digests.push(record.digest);
        referrers.push(
          keptReferrers(store.paths, record.digest)
            .map(({ digest }) => digest)
            .join(),
        );
      }
      expect(digests[1]).toBe(digests[0]);
      expect(referrers[1]).toBe(referrers[0]);
      const [store] = stores;
      const facts = await store?.imageFacts('installed');
      const root = facts?.layers[0]?.path ?? '';
      for (const path of [
        'etc/passwd-',
        'etc/ssh/ssh_host_ed25519_key',
        'var/cache/ldconfig/aux-cache',
        'var/log/dpkg.log',
      ])
        expect(existsSync(join(root, path)), path).toBe(false);
      expect(readFileSync(join(root, 'etc/shadow'), 'utf8')).toMatch(/^app:!:/m);
      const status = readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8');
      const names = [...status.matchAll(/^Package: (.+)$/gm)].map(([, name]) => name).sort();
      const { components } = JSON.parse((await imageSbom(store as never, 'installed', 'cyclonedx')).text) as {
        components: { type: string; name: string; version: string }[];
      };
      const libraries = components.filter(({ type }) => type === 'library');
      expect(libraries.map(({ name }) => name).sort()).toEqual(names);
      for (const { version } of libraries) expect(status).toContain(`\nVersion: ${version}\n`);
    },
    10 * MINUTES,
  );
});
