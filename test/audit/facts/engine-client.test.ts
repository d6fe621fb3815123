// SPDX-License-Identifier: Apache-2.0
// Engines that do not answer, or answer with anything else than what was asked: one reason, in bounded time and memory.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocket, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHECKS } from '../../../src/audit/checks/index.ts';
import { EngineClient, each } from '../../../src/audit/facts/engine/client.ts';
import { collectEngine } from '../../../src/audit/facts/engine/collect.ts';

let directory: string;
let socket: string;
let server: Server | undefined;
const peers: Socket[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'secure-client-'));
  socket = join(directory, 'socket');
});
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy();
  await new Promise((resolve) => (server === undefined ? resolve(0) : server.close(resolve)));
  server = undefined;
  rmSync(directory, { recursive: true });
});

const listen = (made: Server): Promise<AddressInfo | string | null> => {
  server = made;
  made.on('connection', (peer) => peers.push(peer));
  return new Promise((resolve) => made.listen(socket, () => resolve(made.address())));
};
const serve = (answer: (request: IncomingMessage, response: ServerResponse) => void) => listen(createServer(answer));
const json = (value: unknown) => (_: IncomingMessage, response: ServerResponse) => response.end(JSON.stringify(value));

async function reason(milliseconds = 5000): Promise<string> {
  const client = new EngineClient(socket, milliseconds);
  try {
    return JSON.stringify(await client.get('/info'));
  } catch (thrown) {
    return (thrown as Error).message;
  } finally {
    client.close();
  }
}

describe('a question', () => {
  it('is answered with JSON', async () => {
    await serve((request, response) => response.end(JSON.stringify([request.method, request.url])));
    expect(await reason()).toBe('["GET","/info"]');
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['no socket', async () => {}, /there is no such socket/],
    ['a file', async () => writeFileSync(socket, ''), /nobody listens|it is no socket/],
    [
      'nothing that is HTTP',
      () => listen(createSocket((peer) => peer.end('\u001b[2J hello\n\n'))),
      /does not speak HTTP/,
    ],
    ['nothing at all', () => listen(createSocket((peer) => peer.end())), /hung up/],
    [
      'an error',
      () => serve((_, response) => response.writeHead(500).end('\u001b[31mno')),
      /answered \/info with 500: \?\[31mno/,
    ],
    ['broken JSON', () => serve((_, response) => response.end('{"a":')), /is not JSON/],
    [
      'less than it promised',
      () =>
        serve((_, response) =>
          response.writeHead(200, { 'content-length': '9' }).write('{}', () => response.destroy()),
        ),
      /ended too early|hung up/,
    ],
  ])('to %s has one reason', async (_, prepare, expected) => {
    await prepare();
    expect(await reason()).toMatch(expected);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['never answered', () => {}],
    ['answered a byte at a time', (response) => setInterval(() => response.write(' '), 50).unref()],
  ])('that is %s ends', async (_, answer) => {
    await serve((_request, response) => answer(response));
    const before = Date.now();
    expect(await reason(400)).toBe('it did not answer within 0.4 seconds');
    expect(Date.now() - before).toBeLessThan(2000);
  });

  it('whose answer never ends takes no more memory than one that is allowed', async () => {
    const part = Buffer.alloc(1 << 20, ' ');
    await serve((_, response) => {
      const more = (): void => {
        if (!response.destroyed) response.write(part, more);
      };
      more();
    });
    expect(await reason()).toBe('its answer to /info is larger than 32 MiB');
  });
});

it('many answers that are each allowed take no more memory than all may', { timeout: 60_000 }, async () => {
  const text = JSON.stringify(' '.repeat(16 << 20));
  await serve((_, response) => response.end(text));
  const client = new EngineClient(socket, 60_000);
  const asked = each(
    Array.from({ length: 20 }, (_, i) => `/${i}`),
    (path) => client.get(path),
  );
  await expect(asked).rejects.toThrow(/larger than 128 MiB altogether/);
  client.close();
});

it('at most eight questions are open at once, and what is gone is left out', async () => {
  let open = 0;
  let most = 0;
  await serve((request, response) => {
    open += 1;
    most = Math.max(most, open);
    setTimeout(() => {
      open -= 1;
      if (request.url === '/7') response.writeHead(404).end('{}');
      else response.end(JSON.stringify(request.url));
    }, 10);
  });
  const client = new EngineClient(socket);
  const found = await each(
    Array.from({ length: 40 }, (_, i) => `/${i}`),
    (path) => client.get(path),
  );
  client.close();
  expect(most).toBe(8);
  expect(found).toHaveLength(39);
  expect(found).not.toContain('/7');
});

describe('an engine', () => {
  it('that does not answer passes no check', async () => {
    await listen(createSocket(() => {}));
    const { facts, containers, images } = await collectEngine('docker', socket, { milliseconds: 300 });
    expect([containers, images]).toEqual([null, null]);
    const verdicts = CHECKS.engine.map((check) => check.check(facts));
    expect(new Set(verdicts.map(({ status }) => status))).toEqual(new Set(['unknown']));
    expect(verdicts.map((one) => (one as { why: string }).why)).toEqual(
      verdicts.map(() => 'it did not answer within 0.3 seconds'),
    );
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'hello'],
    ['a list', [1, null, {}]],
    ['an object of nonsense', { SecurityOptions: 7, Swarm: [], Containers: 'many', Id: '../../etc' }],
  ])('that answers everything with %s passes no check by it', async (_, answer) => {
    await serve(json(answer));
    const { facts } = await collectEngine('docker', socket);
    expect(facts.info).toBeNull();
    const passed = CHECKS.engine.filter((check) => check.check(facts).status === 'pass').map(({ id }) => id);
    // It has no containers and no images, by its own word.
    expect(passed).toEqual(['SEC-ENGINE-0016', 'SEC-ENGINE-0017']);
  });

  it('cannot make us ask for what it likes, or open what it likes', async () => {
    const asked: string[] = [];
    await serve((request, response) => {
      asked.push(request.url ?? '');
      if (request.url?.startsWith('/containers/json'))
        return response.end(
          JSON.stringify([
            { Id: '../images/prune', Names: ['/x'] },
            { Id: 'a'.repeat(64), Names: ['/y'] },
          ]),
        );
      if (request.url?.startsWith('/containers/'))
        return response.end(
          JSON.stringify({ Id: 'a'.repeat(64), ExecIDs: ['../../x', 'b'.repeat(64)], State: { Pid: 1 } }),
        );
      if (request.url === '/info')
        return response.end(
          JSON.stringify({ ServerVersion: '1', DockerRootDir: '/dev', Swarm: { LocalNodeState: 'active' } }),
        );
      return response.end('[]');
    });
    const { facts, containers } = await collectEngine('docker', socket);
    expect(asked.filter((path) => path.includes('..'))).toEqual([]);
    expect(containers).toHaveLength(1);
    expect(facts.swarm).toEqual({ active: true, manager: null, addresses: null });
  });
});
