// SPDX-License-Identifier: Apache-2.0
// Connections that fail, stall, break and lead elsewhere.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { pullImage } from '../../../src/runtime/images/import/pull.ts';
import { parseReference } from '../../../src/runtime/images/reference.ts';
import type { ImageStore } from '../../../src/runtime/images/store.ts';
import { type Layout, ociLayout } from '../../support/oci.ts';
import { FakeRegistry, noCredentials, type Reply, send, snapshot, TIMING } from '../../support/registry.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';

/** Not to be compressed away: the layer must be larger than a socket's buffers. */
const DATA = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7919) % 251));

describe.skipIf(noExtractor())('a registry that', () => {
  let registry: FakeRegistry;
  let store: ImageStore;
  let layout: Layout;
  let layer = Buffer.alloc(0);
  let path = '';
  beforeEach(async () => {
    [registry, store] = [await FakeRegistry.start(), await openStore()];
    layout = ociLayout(join(temporaryDirectory(), 'layout'), { layers: [{ files: [{ path: 'a', data: DATA }] }] });
    registry.publish(layout);
    const digest = layout.layers[0]?.digest ?? '';
    layer = readFileSync(layout.blob(digest));
    path = registry.blobPath(digest);
  });

  async function refused(text?: string): Promise<string> {
    const before = snapshot(store.paths.state);
    const code = await codeOf(registry.pull(store, text));
    expect(snapshot(store.paths.state)).toEqual(before);
    return code;
  }
  /** Answers in turn; the last one for ever. */
  const inTurn = (...replies: Reply[]): Reply => {
    let next = 0;
    return (request, response) => replies[Math.min(next++, replies.length - 1)]?.(request, response);
  };
  const asked = (at: string) => registry.seen.filter((seen) => seen.path === at).length;
  const whole = (): Reply => send(200, layer);

  describe('redirects', () => {
    it.each([
      ['to nowhere', ''],
      ['to no address', 'http://[/'],
      ['to a file', 'file:///etc/passwd'],
      ['to plain http elsewhere', 'http://registry.example/blob'],
      ['to an address with a password', 'https://me:secret@registry.example/'],
      ['to itself', '/v2/team/app/manifests/1'],
    ])('%s', async (_, location) => {
      registry.routes.set(registry.manifestPath('1'), send(302, '', { location }));
      expect(await refused()).toBe('REGISTRY_PROTOCOL');
      expect(asked(registry.manifestPath('1'))).toBeLessThan(8);
    });

    it('with a body that never ends', async () => {
      registry.routes.set(path, (_, response) => {
        response.writeHead(302, { location: '/content' });
        response.write('x');
      });
      registry.routes.set('/content', whole());
      expect((await registry.pull(store)).digest).toBe(layout.digest);
    });
  });

  it.each([
    ['503 twice', send(503, '')],
    ['429 twice', send(429, '', { 'retry-after': '0' })],
    ['429 with a date', send(429, '', { 'retry-after': new Date(0).toUTCString() })],
    ['hanging up', (request: Parameters<Reply>[0]) => request.socket.destroy()],
  ])('recovers from %s', async (_, reply) => {
    registry.routes.set(path, inTurn(reply, reply, whole()));
    expect((await registry.pull(store)).digest).toBe(layout.digest);
    expect(asked(path)).toBe(3);
  });

  it.each([
    ['500', send(500, ''), 'REGISTRY_UNREACHABLE', 3],
    ['429', send(429, ''), 'REGISTRY_RATE_LIMITED', 3],
    ['429 and wants to be asked tomorrow', send(429, '', { 'retry-after': '86400' }), 'REGISTRY_RATE_LIMITED', 1],
    ['429 and nonsense', send(429, '', { 'retry-after': 'soon' }), 'REGISTRY_RATE_LIMITED', 1],
    ['503 and a negative time', send(503, '', { 'retry-after': '-1' }), 'REGISTRY_UNREACHABLE', 3],
  ] as const)('keeps answering %s', async (_, reply, code, requests) => {
    registry.routes.set(path, reply);
    expect(await refused()).toBe(code);
    expect(asked(path)).toBe(requests);
  });

  it('waits as long as Retry-After says', async () => {
    registry.routes.set(path, inTurn(send(429, '', { 'retry-after': '1' }), whole()));
    const start = performance.now();
    await registry.pull(store);
    expect(performance.now() - start).toBeGreaterThan(950);
  });

  describe('breaks off in the middle', () => {
    const cut =
      (from: number, to: number, status = 200, headers = {}): Reply =>
      (_, response) => {
        response.writeHead(status, { 'content-length': String(layer.length - from), ...headers });
        // An end, not a reset: that would take away what was not read yet.
        response.write(layer.subarray(from, to), () => response.socket?.end());
      };
    const range = (from: number) => ({ 'content-range': `bytes ${from}-${layer.length - 1}/${layer.length}` });

    it('is asked for the rest', async () => {
      const rest: Reply = (request, response) => {
        const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]);
        if (from < 150_000) cut(from, 150_000, 206, range(from))(request, response);
        else send(206, layer.subarray(from), range(from))(request, response);
      };
      registry.routes.set(path, inTurn(cut(0, 100_000), rest));
      expect((await registry.pull(store)).digest).toBe(layout.digest);
      const ranges = registry.seen.filter((seen) => seen.path === path).map(({ headers }) => headers.range);
      const starts = ranges.map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0));
      // What had arrived but not been read when the connection broke is fetched again.
      expect(starts.length).toBeGreaterThan(2);
      expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
      expect(starts[1]).toBeLessThanOrEqual(100_000);
      expect(starts.at(-1)).toBeLessThanOrEqual(150_000);
    });

    it('and ignores Range', async () => {
      registry.routes.set(path, inTurn(cut(0, 100_000), whole()));
      expect((await registry.pull(store)).digest).toBe(layout.digest);
    });

    it.each([
      ['sends another range', send(206, 'x', { 'content-range': 'bytes 0-0/200000' }), 'REGISTRY_PROTOCOL'],
      ['sends no range', send(206, 'x'), 'REGISTRY_PROTOCOL'],
      ['has it no more', send(404, ''), 'BLOB_UNKNOWN'],
    ] as const)('and %s', async (_, reply, code) => {
      registry.routes.set(path, inTurn(cut(0, 1000), reply));
      expect(await refused()).toBe(code);
    });

    it('and continues with other bytes', async () => {
      const other = Buffer.alloc(layer.length - 1000, 'x');
      registry.routes.set(path, inTurn(cut(0, 1000), send(206, other, range(1000))));
      expect(await refused()).toBe('DIGEST_MISMATCH');
    });

    it('every time', async () => {
      registry.routes.set(path, (request, response) => {
        const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
        if (from === 0) cut(0, 1)(request, response);
        else cut(from, from + 1, 206, range(from))(request, response);
      });
      expect(await refused()).toBe('REGISTRY_UNREACHABLE');
      expect(asked(path)).toBeLessThan(20);
    });

    it('sends a part of nothing', async () => {
      registry.routes.set(path, send(206, layer, range(0)));
      expect(await refused()).toBe('REGISTRY_PROTOCOL');
    });
  });

  it.each([
    ['never answers', () => {}],
    ['stops in the middle', (response: Parameters<Reply>[1]) => void response.write(layer.subarray(0, 1000))],
    [
      'sends a byte now and then',
      (response: Parameters<Reply>[1]) => {
        let at = 0;
        const timer = setInterval(() => response.write(layer.subarray(at, ++at)), 50);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('%s', async (_, reply) => {
    registry.routes.set(path, (_request, response) => reply(response));
    const start = performance.now();
    expect(await refused()).toBe('REGISTRY_UNREACHABLE');
    expect(performance.now() - start).toBeLessThan(4 * TIMING.idle);
  });

  it('sends headers without end', async () => {
    registry.routes.set(registry.manifestPath('1'), send(200, '', { big: 'x'.repeat(100_000) }));
    expect(await refused()).toBe('REGISTRY_PROTOCOL');
  });
});

describe('nobody there', () => {
  const pull = async (host: string, env = noCredentials()) => {
    const store = await openStore();
    const before = snapshot(store.paths.state);
    const code = await codeOf(pullImage(store, parseReference(`${host}/app`), { timing: TIMING, env }));
    expect(snapshot(store.paths.state)).toEqual(before);
    return code;
  };

  it('a closed port, a name that is none, another protocol', async () => {
    expect(await pull('127.0.0.1:1')).toBe('REGISTRY_UNREACHABLE');
    expect(await pull('registry.invalid')).toBe('REGISTRY_UNREACHABLE');
    for (const name of ['localhost', '256.256.256.256', '[:::::]', '1.2.3.4.5'])
      expect([name, await pull(name)]).toEqual([name, 'REFERENCE_INVALID']);
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('220 mail.example ESMTP\r\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as { port: number };
      expect(['REGISTRY_PROTOCOL', 'REGISTRY_UNREACHABLE']).toContain(await pull(`127.0.0.1:${port}`));
    } finally {
      server.close();
    }
  });

  it('a certificate that nobody vouches for is no reason to go on without, though plain http is spoken as well', async () => {
    const directory = temporaryDirectory();
    const [key, cert] = [join(directory, 'key'), join(directory, 'cert')];
    const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x -keyout ${key} -out ${cert}`;
    execFileSync('openssl', words.split(' '), { stdio: 'ignore' });
    let plain = 0;
    const tls = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) });
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (first) => {
        if (first[0] !== 0x16) {
          plain++;
          socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
          return;
        }
        socket.unshift(first);
        tls.emit('connection', socket);
      });
    });
    tls.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as { port: number };
      expect(await pull(`127.0.0.1:${port}`)).toBe('REGISTRY_UNREACHABLE');
      expect(plain).toBe(0);
    } finally {
      server.close();
    }
  });
});
