// SPDX-License-Identifier: Apache-2.0
// Advisories imported, and images that are asked about, by the commands; imports that are killed.
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { random as numbers } from '../support/random.ts';
import { cannotRun, errorCode, Secure } from '../support/secure.ts';
import { zip } from '../support/zip.ts';

const advisory = (id: string, ecosystem: string, name: string, fixed: string, more: object = {}) =>
  JSON.stringify({
    id,
    modified: '2026-11-01T00:00:00Z',
    summary: `a flaw of ${name}`,
    affected: [
      { package: { ecosystem, name }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }] },
    ],
    ...more,
  });
const CHECK = 'SEC-IMAGE-0019';

describe.skipIf(cannotRun())('advisories', () => {
  let secure: Secure;
  let server: Server;
  const put = (name: string, data: string | Buffer): string => {
    writeFileSync(join(secure.root, name), data);
    return join(secure.root, name);
  };
  /** What the check says of an image. */
  const verdict = async (image: string, ...flags: string[]) => {
    const result = await secure.run('audit', 'image', '--json', ...flags, image);
    const { audited } = JSON.parse(result.stdout) as {
      audited: { results: { id: string; status: string; why?: string; problems?: { message: string }[] }[] }[];
    };
    const found = audited[0]?.results.find(({ id }) => id === CHECK);
    return {
      status: found?.status,
      why: found?.why,
      problems: found?.problems?.map(({ message }) => message),
      notes: result.stderr,
    };
  };

  beforeAll(async () => {
    secure = await Secure.create({ netns: 'host' });
    const context = join(secure.root, 'context');
    mkdirSync(join(context, 'node_modules/left-pad'), { recursive: true });
    writeFileSync(join(context, 'node_modules/left-pad/package.json'), '{"name": "left-pad", "version": "1.1.0"}');
    writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nCOPY node_modules /app/node_modules\n');
    const built = await secure.run('image', 'build', '-t', 'app', context);
    expect([built.code, built.stderr]).toEqual([0, expect.any(String)]);
    server = createServer((request, response) => {
      if (request.url === '/npm/all.zip')
        response.end(
          zip([{ name: 'GHSA-1.json', data: advisory('GHSA-1', 'npm', 'left-pad', '1.2.0'), deflate: true }]),
        );
      else if (request.url === '/away') response.writeHead(302, { location: 'http://192.0.2.1/x.zip' }).end();
      else response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  }, 120_000);
  afterAll(async () => {
    server?.close();
    await secure?.destroy();
  });

  it('that are missing make the answer unknown, and those that are there decide', async () => {
    expect(await verdict('app')).toMatchObject({
      status: 'unknown',
      why: expect.stringContaining('secure audit db import'),
    });
    const status = await secure.run('audit', 'db', 'status');
    expect([status.code, status.stdout]).toEqual([0, "no advisories were imported: 'secure audit db import'\n"]);

    // Of another ecosystem alone: nothing is said about this one.
    await secure.run('audit', 'db', 'import', put('pypi.json', advisory('PYSEC-1', 'PyPI', 'x', '2')));
    expect(await verdict('app')).toMatchObject({ status: 'unknown', why: 'no advisories were imported for npm' });

    const { port } = server.address() as AddressInfo;
    const imported = await secure.run('audit', 'db', 'import', `http://127.0.0.1:${port}/npm/all.zip`);
    expect([imported.code, imported.stdout]).toEqual([0, `http://127.0.0.1:${port}/npm/all.zip: 1 advisories\n`]);
    expect(await verdict('app')).toMatchObject({
      status: 'fail',
      problems: ['left-pad 1.1.0 (npm) has GHSA-1 (severity unknown): a flaw of left-pad; corrected in 1.2.0'],
    });
    expect(await verdict('busybox')).toMatchObject({ status: 'not-applicable' });
    expect((await secure.run('audit', 'db', 'status')).stdout).toMatch(/npm +1 +2026-11-01T00:00:00Z/);
  });

  it('do not count where a document says why', async () => {
    const vex = put(
      'vex.json',
      JSON.stringify({
        '@context': 'https://openvex.dev/ns/v0.2.0',
        statements: [
          {
            vulnerability: { name: 'GHSA-1' },
            products: [{ '@id': 'pkg:npm/left-pad@1.1.0' }],
            status: 'not_affected',
            justification: 'vulnerable_code_not_in_execute_path',
          },
        ],
      }),
    );
    const found = await verdict('app', '--vex', vex);
    expect(found.status).toBe('pass');
    expect(found.notes).toContain('GHSA-1 of left-pad: not_affected, vulnerable_code_not_in_execute_path');
    const wrong = await secure.run('audit', 'image', '--vex', put('wrong.json', '{}'), 'app');
    expect([wrong.code, errorCode(wrong)]).toEqual([2, 'AUDIT_UNREADABLE']);
  });

  it('come from nowhere that cannot be trusted, and leave nothing when they do not come', async () => {
    const { port } = server.address() as AddressInfo;
    for (const [url, why] of [
      ['http://192.0.2.1/all.zip', 'not reached by TLS'],
      [`http://127.0.0.1:${port}/nosuch`, 'the server answers 404'],
      ['https://127.0.0.1:1/all.zip', 'cannot be fetched'],
    ] as const) {
      const result = await secure.run('audit', 'db', 'import', url);
      expect([result.code, errorCode(result)]).toEqual([3, 'AUDIT_UNREADABLE']);
      expect(result.stderr).toContain(why);
    }
    expect(readdirSync(join(secure.root, 'state')).filter((name) => name.startsWith('.advisories'))).toEqual([]);
    expect(errorCode(await secure.run('audit', 'db', 'import'))).toBe('MISSING_ARGUMENT');
    expect((await secure.run('audit', 'db', 'remove')).code).toBe(2);
  });

  it('are there as a whole or not at all when the import is killed', { timeout: 120_000 }, async () => {
    const many = join(secure.root, 'many');
    mkdirSync(many);
    for (let i = 0; i < 4000; i += 1)
      writeFileSync(join(many, `${i}.json`), advisory(`GHSA-many-${i}`, 'npm', `package-${i}`, '2.0.0'));
    const random = numbers();
    let killed = 0;
    for (let i = 0; i < 12; i += 1) {
      const child = secure.start('audit', 'db', 'import', many);
      const ended = once(child, 'exit');
      await sleep(random.int(1200));
      child.kill('SIGKILL');
      const [code] = (await ended) as [number | null];
      if (code === 0) continue;
      killed += 1;
      const { stdout, code: answer } = await secure.run('audit', 'db', 'status');
      expect([answer, stdout], `seed ${random.seed}`).toEqual([0, expect.stringMatching(/npm +(?:1|4001) /)]);
      expect(await verdict('app')).toMatchObject({ status: 'fail' });
    }
    expect(killed).toBeGreaterThan(0);
    expect((await secure.run('audit', 'db', 'import', many)).code).toBe(0);
    expect((await secure.run('audit', 'db', 'status')).stdout).toMatch(/npm +4001 /);
  });
});
