// SPDX-License-Identifier: Apache-2.0
// A registry on a real socket that tells the truth until a test says otherwise.
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { pullImage } from '../../src/runtime/images/import/pull.ts';
import { parseReference } from '../../src/runtime/images/reference.ts';
import type { ImageStore } from '../../src/runtime/images/store.ts';
import type { Layout } from './oci.ts';

export type Reply = (request: IncomingMessage, response: ServerResponse) => void;
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX = 'application/vnd.oci.image.index.v1+json';
/** Short enough for tests, long enough for a busy machine. */
export const TIMING = { idle: 1200, backoff: 5, patience: 1500 };

export const send =
  (status: number, body: string | Buffer, headers: Record<string, string> = {}): Reply =>
  (_, response) => {
    response.writeHead(status, headers).end(body);
  };

export class FakeRegistry {
  /** By path without query, after a method or for all of them: `PUT /v2/…`. */
  readonly routes = new Map<string, Reply>();
  readonly seen: Seen[] = [];
  /** What has no route. */
  fallback: Reply = send(404, '{"errors":[{"code":"NAME_UNKNOWN","message":"no such thing"}]}');
  host = '';

  /** Lives until the test is over. */
  static async start(tls?: ServerOptions): Promise<FakeRegistry> {
    const registry = new FakeRegistry();
    const listener: RequestListener = (request, response) => {
      const path = request.url ?? '';
      registry.seen.push({ method: request.method ?? '', path, headers: request.headers });
      const plain = path.split('?', 1)[0] ?? '';
      const reply = registry.routes.get(`${request.method} ${plain}`) ?? registry.routes.get(plain);
      (reply ?? registry.fallback)(request, response);
    };
    const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    // A client that hangs up is part of the tests.
    server.on('clientError', (_, socket) => socket.destroy());
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    registry.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return registry;
  }

  manifestPath(name: string, repository = 'team/app'): string {
    return `/v2/${repository}/manifests/${name}`;
  }

  blobPath(digest: string, repository = 'team/app'): string {
    return `/v2/${repository}/blobs/${digest}`;
  }

  /** Offer a layout's image as `team/app:TAG`. */
  publish(layout: Layout, tag = '1'): void {
    for (const hex of readdirSync(join(layout.directory, 'blobs/sha256'))) {
      const digest = `sha256:${hex}`;
      this.routes.set(this.blobPath(digest), send(200, readFileSync(layout.blob(digest))));
    }
    for (const name of [tag, layout.digest]) this.manifest(name, readFileSync(layout.blob(layout.digest)), MANIFEST);
  }

  manifest(name: string, body: string | Buffer, mediaType: string, headers: Record<string, string> = {}): void {
    this.routes.set(this.manifestPath(name), send(200, body, { 'content-type': mediaType, ...headers }));
  }

  /** Paths that were asked for, without the search for the protocol. */
  get paths(): string[] {
    return this.seen.map(({ path }) => path).filter((path) => path !== '/v2/');
  }

  /** Pull with short waits and without this machine's credentials. */
  pull(store: ImageStore, text = 'team/app:1', options: Parameters<typeof pullImage>[2] = {}) {
    const reference = parseReference(`${this.host}/${text}`);
    return pullImage(store, reference, { timing: TIMING, env: noCredentials(), ...options });
  }
}

/** An environment in which no credentials are found, or those that are given. */
export function noCredentials(config?: object): NodeJS.ProcessEnv {
  const home = mkdtempSync(join(tmpdir(), 'secure-registry-test-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  if (config !== undefined) writeFileSync(join(home, 'config.json'), JSON.stringify(config));
  return { HOME: home, DOCKER_CONFIG: home, XDG_RUNTIME_DIR: home };
}

/** Everything below a state root, kind, mode and content; its lock, which is empty and appears with the first change, apart. */
export function snapshot(directory: string): Record<string, string> {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names
      .filter((name) => name !== 'lock')
      .map((name) => {
        const path = join(directory, name);
        const stat = lstatSync(path);
        const content = stat.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
        return [name, `${stat.mode.toString(8)} ${content}`];
      }),
  );
}
