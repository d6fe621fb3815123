// SPDX-License-Identifier: Apache-2.0
// Engines that pack an image badly, for ever, or not at all: one reason, no pass, and nothing left on the disk.
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FetchedImages, type FetchOptions } from '../../src/cli/audit/fetched.ts';
import { CLI } from '../support/cli.ts';
import { cannotRun, until } from '../support/secure.ts';

const ID = `sha256:${'a'.repeat(64)}`;
let directory: string;
let socket: string;
let server: Server;
let before: string | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'secure-fetched-'));
  socket = join(directory, 'socket');
  before = process.env.SECURE_STATE_ROOT;
  process.env.SECURE_STATE_ROOT = join(directory, 'state');
});
afterEach(async () => {
  if (before === undefined) delete process.env.SECURE_STATE_ROOT;
  else process.env.SECURE_STATE_ROOT = before;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true });
});

const left = (): string[] => readdirSync(join(directory, 'state/tmp'));
async function serve(pack: (response: ServerResponse) => void): Promise<void> {
  const answers: Record<string, unknown> = {
    '/info': { ServerVersion: '29.0.0', Driver: 'btrfs', SecurityOptions: ['name=seccomp,profile=builtin'] },
    '/images/json': [{ Id: ID, RepoTags: ['app:1'] }],
    [`/images/${ID}/json`]: { Id: ID, RepoTags: ['app:1'], Config: {}, GraphDriver: { Name: 'btrfs', Data: null } },
  };
  server = createServer((request, response) => {
    if (request.url === `/images/${ID}/get`) pack(response);
    else response.end(JSON.stringify(answers[request.url ?? ''] ?? []));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
}
const fetched = (options?: FetchOptions) => new FetchedImages(options).fetch(socket, ID);
/** An archive of `docker save`: layers of 14 MiB of zeros each, packed; and one of 1 MiB, as it is, that links give many names. */
function bomb(packed: number, names = 0): Buffer {
  const place = mkdtempSync(join(directory, 'bomb-'));
  const tar = (...words: string[]): Buffer =>
    execFileSync('tar', ['-C', place, '-c', ...words], { maxBuffer: 1 << 28 });
  const layers: string[] = [];
  const diffIds: string[] = [];
  const add = (name: string, bytes: Buffer, plain: Buffer): void => {
    writeFileSync(join(place, name), bytes);
    layers.push(name);
    diffIds.push(`sha256:${createHash('sha256').update(plain).digest('hex')}`);
  };
  for (let i = 0; i < packed; i += 1) {
    const zeros = Buffer.alloc(14 << 20);
    // An extractor refuses by itself what is more than a thousand times as large.
    for (let at = 0; at < zeros.length; at += 1 << 16) randomBytes(512).copy(zeros, at);
    writeFileSync(join(place, `zeros${i}`), zeros);
    const plain = tar(`zeros${i}`);
    add(`layer${i}.tar`, gzipSync(plain), plain);
  }
  writeFileSync(join(place, 'random'), randomBytes(1 << 20));
  const once = tar('random');
  for (let i = 0; i < names; i += 1) {
    if (i === 0) add('name0', once, once);
    else {
      symlinkSync('name0', join(place, `name${i}`));
      layers.push(`name${i}`);
      diffIds.push(diffIds[0] ?? '');
    }
  }
  const config = { architecture: { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64'], os: 'linux', config: {} };
  writeFileSync(
    join(place, 'config.json'),
    JSON.stringify({ ...config, rootfs: { type: 'layers', diff_ids: diffIds } }),
  );
  writeFileSync(
    join(place, 'manifest.json'),
    JSON.stringify([{ Config: 'config.json', RepoTags: [], Layers: layers }]),
  );
  return tar('manifest.json', 'config.json', ...layers);
}
const endless = (response: ServerResponse): void => {
  const more = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(1 << 16)));
    response.once('drain', more);
  };
  more();
};

describe.skipIf(cannotRun())('an image that an engine packs', () => {
  it.each<[string, (response: ServerResponse) => void, RegExp, FetchOptions?]>([
    ['never', () => {}, /did not answer within 0\.\d+ seconds/, { milliseconds: 300 }],
    ['for ever', endless, /larger than 8 MiB/, { bytes: 8 << 20 }],
    ['with an error', (response) => response.writeHead(500).end('no'), /answered \S+ with 500/],
    ['as nothing', (response) => response.end(), /./],
    ['as no archive', (response) => response.end('x'.repeat(10_000)), /./],
    [
      'and hangs up',
      (response) => response.writeHead(200, { 'content-length': '9000' }).write('x', () => response.destroy()),
      /ended too early|hung up/,
    ],
  ])('%s is unknown, for a reason', async (_, pack, why, options) => {
    await serve(pack);
    const found = await fetched(options);
    expect(found).toMatchObject({ accounts: null, vulnerabilities: null });
    expect(found.incomplete).toMatch(why);
    expect(left()).toEqual([]);
  });

  it.each<[string, () => Buffer, RegExp]>([
    ['with layers that unpack to far more than it is', () => bomb(3), /takes more than 32 MiB|larger than \d+ bytes/],
    ['with one layer under many names', () => bomb(0, 40), /takes more than 32 MiB/],
    ['in something that is compressed', () => gzipSync(bomb(1)), /compressed as a whole/],
  ])('%s takes no more of the disk than it may', async (_, archive, why) => {
    await serve((response) => response.end(archive()));
    const found = await fetched({ bytes: 16 << 20 });
    expect(found).toMatchObject({ accounts: null, vulnerabilities: null });
    expect(found.incomplete).toMatch(why);
    expect(left()).toEqual([]);
  });

  it('is not asked for when the others took all the time', async () => {
    const asked: string[] = [];
    await serve(() => asked.push('once'));
    const images = new FetchedImages({ milliseconds: 300 });
    const found = await Promise.all([images.fetch(socket, ID), images.fetch(socket, ID)]);
    expect(found.map(({ incomplete }) => /did not answer|was not fetched/.test(incomplete ?? ''))).toEqual([
      true,
      true,
    ]);
    expect(asked).toHaveLength(1);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing where %s ends the audit meanwhile', async (signal) => {
    let packing = false;
    await serve((response) => {
      packing = true;
      response.write(Buffer.alloc(1 << 20));
    });
    const env = { ...process.env, SECURE_RUN_ROOT: join(directory, 'run') };
    const words = ['--', CLI, 'audit', 'engine', 'docker', '--socket', socket];
    const child = spawn(process.execPath, words, { env, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('close', (_code, how) => resolve(how)));
    await until('it is packed', () => packing && existsSync(join(directory, 'state/tmp')) && left().length > 0);
    child.kill(signal);
    expect(await ended).toBe(signal);
    expect(left()).toEqual([]);
  });
});
