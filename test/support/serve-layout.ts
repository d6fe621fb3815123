// SPDX-License-Identifier: Apache-2.0
// An OCI layout as a registry, read from its files while it is sent: layers need not fit into memory.
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/** Its image is `HOST/team/app:1`, until the test is over. */
export async function serveLayout(directory: string): Promise<{ readonly host: string }> {
  const { manifests } = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8')) as {
    manifests: { digest: string }[];
  };
  const server = createServer((request, response) => {
    const [, kind, name = ''] = /^\/v2\/team\/app\/(manifests|blobs)\/([^/]+)$/.exec(request.url ?? '') ?? [];
    if (request.url === '/v2/') {
      response.end('{}');
      return;
    }
    const digest = name === '1' ? (manifests[0]?.digest ?? '') : name;
    const path = join(directory, 'blobs', ...digest.split(':'));
    if (kind === undefined || !/^sha256:[0-9a-f]{64}$/.test(digest) || !existsSync(path)) {
      response.writeHead(404).end();
      return;
    }
    const type = kind === 'manifests' ? MANIFEST : 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-length': statSync(path).size });
    createReadStream(path, { highWaterMark: 1 << 20 }).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}
