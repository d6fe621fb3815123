// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answersHandshake } from '../../../src/runtime/registry/handshake.ts';
import { selfSigned } from '../../support/certificates.ts';
import { codeOf, temporaryDirectory } from '../../support/store.ts';

async function listen(server: Server): Promise<URL> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

const ask = (url: URL, signal = new AbortController().signal) => answersHandshake(url, 500, signal);

describe('a handshake', () => {
  it('is answered by a server with TLS, whatever its certificate, and nothing is said in it', {
    timeout: 60_000,
  }, async () => {
    const { cert, key } = selfSigned(temporaryDirectory());
    let said = 0;
    const pem = { cert: readFileSync(cert), key: readFileSync(key) };
    const server = createTls(pem, (socket) => socket.on('data', (data) => (said += data.length)));
    server.on('tlsClientError', () => {});
    expect(await ask(await listen(server))).toBe(true);
    const strict = createTls({ ...pem, requestCert: true, maxVersion: 'TLSv1.2' });
    strict.on('tlsClientError', () => {});
    expect(await ask(await listen(strict))).toBe(true);
    expect(said).toBe(0);
  });

  it('is not answered by one of plain http', async () => {
    const server = createHttp((_, response) => response.end('x'));
    server.on('clientError', (_, socket) => socket.destroy());
    expect(await ask(await listen(server))).toBe(false);
    const answering = createHttp((_, response) => response.end('x'));
    expect(await ask(await listen(answering))).toBe(false);
  });

  it('ends where nobody says anything, and where it is called off', async () => {
    const sockets: { destroy(): void }[] = [];
    const url = await listen(createTcp((socket) => sockets.push(socket.on('error', () => {}))));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    expect(await codeOf(ask(url))).toBe('REGISTRY_UNREACHABLE');
    const stop = new AbortController();
    const asked = ask(url, stop.signal);
    const since = performance.now();
    stop.abort();
    await asked.catch(() => {});
    expect(performance.now() - since).toBeLessThan(400);
  });

  it('where nothing listens is left to whoever connects', async () => {
    const server = createTcp();
    const url = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await ask(url)).toBe(true);
  });
});
