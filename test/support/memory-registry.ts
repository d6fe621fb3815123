// SPDX-License-Identifier: Apache-2.0
// A registry in memory that does all of distribution-spec 1.1: uploads whole and in chunks, mounts, referrers, tags, catalog.
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

interface Manifest {
  readonly bytes: Buffer;
  readonly type: string;
}
interface Upload {
  readonly repository: string;
  data: Buffer;
}
type Headers = Record<string, string>;

const digestOf = (data: Buffer, algorithm = 'sha256') =>
  `${algorithm}:${createHash(algorithm).update(data).digest('hex')}`;
const INDEX = 'application/vnd.oci.image.index.v1+json';

export class MemoryRegistry {
  /** By repository and digest. */
  readonly blobs = new Map<string, Map<string, Buffer>>();
  /** By repository and tag or digest. */
  readonly manifests = new Map<string, Map<string, Manifest>>();
  readonly uploads = new Map<string, Upload>();
  /** Answer the referrers API; without it 404, as before 1.1. */
  referrers = true;
  /** Entries of a page of any list. */
  page = 1000;
  /** OCI-Chunk-Min-Length. */
  least: number | undefined;

  #of<T>(map: Map<string, Map<string, T>>, repository: string): Map<string, T> {
    const found = map.get(repository) ?? new Map<string, T>();
    map.set(repository, found);
    return found;
  }

  blobsOf = (repository: string) => this.#of(this.blobs, repository);
  manifestsOf = (repository: string) => this.#of(this.manifests, repository);
  readonly reply = (request: IncomingMessage, response: ServerResponse): void => {
    const parts: Buffer[] = [];
    // As docker-registry, it keeps what came before the connection broke.
    let seen = false;
    const url = new URL(request.url ?? '', 'http://x');
    const upload = this.uploads.get(/\/blobs\/uploads\/([^/]+)$/.exec(url.pathname)?.[1] ?? '');
    const append = () => {
      if (upload !== undefined && request.method === 'PATCH' && !seen)
        upload.data = Buffer.concat([upload.data, ...parts]);
      seen = true;
    };
    request.on('data', (chunk: Buffer) => parts.push(chunk));
    request.on('close', append);
    request.on('end', () => {
      append();
      this.#answer(request.method ?? '', url, Buffer.concat(parts), request, response);
    });
    request.on('error', append);
  };

  #answer(method: string, url: URL, body: Buffer, request: IncomingMessage, response: ServerResponse): unknown {
    const end = (status: number, headers: Headers = {}, content: Buffer | string = '') => {
      response.writeHead(status, { 'content-length': String(Buffer.byteLength(content)), ...headers });
      response.end(method === 'HEAD' ? '' : content);
    };
    const fail = (status: number, code: string) =>
      end(status, {}, JSON.stringify({ errors: [{ code, message: code }] }));
    const path = url.pathname;
    if (path === '/v2/') return end(200);
    if (path === '/v2/_catalog') return this.#list(url, end, 'repositories', [...this.manifests.keys()]);
    const match = /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests|referrers|tags)\/([^/]*)$/.exec(path);
    if (match === null) return fail(404, 'NAME_UNKNOWN');
    const [, repository = '', kind, name = ''] = match;
    if (kind === 'tags') {
      const tags = [...this.manifestsOf(repository).keys()].filter((tag) => !tag.includes(':'));
      return this.#list(url, end, 'tags', tags, { name: repository });
    }
    if (kind === 'blobs') {
      const blob = this.blobsOf(repository).get(name);
      if (blob === undefined) return fail(404, 'BLOB_UNKNOWN');
      return end(200, { 'docker-content-digest': name }, blob);
    }
    if (kind === 'referrers') return this.#referrers(url, repository, name, end, fail);
    if (kind === 'manifests') {
      if (method === 'PUT') return this.#put(repository, name, body, request, end, fail);
      const manifest = this.manifestsOf(repository).get(name);
      if (manifest === undefined) return fail(404, 'MANIFEST_UNKNOWN');
      return end(
        200,
        { 'content-type': manifest.type, 'docker-content-digest': digestOf(manifest.bytes) },
        manifest.bytes,
      );
    }
    return this.#upload(method, url, repository, name, body, end, fail, request);
  }

  #upload(
    method: string,
    url: URL,
    repository: string,
    id: string,
    body: Buffer,
    end: (status: number, headers?: Headers) => void,
    fail: (status: number, code: string) => void,
    request: IncomingMessage,
  ): unknown {
    if (method === 'POST') {
      const [mount, from] = [url.searchParams.get('mount') ?? '', url.searchParams.get('from') ?? ''];
      const known = this.blobsOf(from).get(mount);
      if (known !== undefined) {
        this.blobsOf(repository).set(mount, known);
        return end(201, { location: `/v2/${repository}/blobs/${mount}`, 'docker-content-digest': mount });
      }
      const started = randomUUID();
      this.uploads.set(started, { repository, data: Buffer.alloc(0) });
      const least: Headers = this.least === undefined ? {} : { 'oci-chunk-min-length': String(this.least) };
      return end(202, {
        location: `/v2/${repository}/blobs/uploads/${started}?_state=a%20b~c`,
        range: '0-0',
        ...least,
      });
    }
    const upload = this.uploads.get(id);
    if (upload === undefined) return fail(404, 'BLOB_UPLOAD_UNKNOWN');
    if (!url.search.startsWith('?_state=a%20b~c')) return fail(400, 'STATE_CHANGED');
    const there = (): Headers => ({
      location: `/v2/${repository}/blobs/uploads/${id}?_state=a%20b~c`,
      range: `0-${Math.max(0, upload.data.length - 1)}`,
    });
    if (method === 'GET') return end(204, there());
    if (method === 'PATCH') {
      const range = /^(\d+)-(\d+)$/.exec(request.headers['content-range'] ?? '');
      const last = upload.data.length - 1;
      if (range === null || Number(range[2]) !== last || Number(range[1]) !== last + 1 - body.length) {
        upload.data = upload.data.subarray(0, upload.data.length - body.length);
        return fail(416, 'RANGE_INVALID');
      }
      return end(202, there());
    }
    const data = Buffer.concat([upload.data, body]);
    const digest = url.searchParams.get('digest') ?? '';
    if (digestOf(data, digest.split(':')[0]) !== digest) return fail(400, 'DIGEST_INVALID');
    this.blobsOf(repository).set(digest, data);
    this.uploads.delete(id);
    return end(201, { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest });
  }

  #put(
    repository: string,
    name: string,
    bytes: Buffer,
    request: IncomingMessage,
    end: (status: number, headers?: Headers) => void,
    fail: (status: number, code: string) => void,
  ): unknown {
    const document = JSON.parse(bytes.toString('utf8'));
    const type = request.headers['content-type'] ?? '';
    const blobs = this.blobsOf(repository);
    const named = [document.config, ...(document.layers ?? [])].filter((entry) => entry !== undefined);
    if (named.some(({ digest }) => !blobs.has(digest))) return fail(400, 'MANIFEST_BLOB_UNKNOWN');
    const digest = digestOf(bytes);
    if (name.includes(':') && name !== digest) return fail(400, 'DIGEST_INVALID');
    for (const key of [name, digest]) this.manifestsOf(repository).set(key, { bytes, type });
    const subject = this.referrers && document.subject !== undefined ? { 'oci-subject': document.subject.digest } : {};
    return end(201, { location: `/v2/${repository}/manifests/${digest}`, 'docker-content-digest': digest, ...subject });
  }

  #referrers(
    url: URL,
    repository: string,
    subject: string,
    end: (status: number, headers?: Headers, content?: string) => void,
    fail: (status: number, code: string) => void,
  ): unknown {
    if (!this.referrers) return fail(404, 'NOT_FOUND');
    const wanted = url.searchParams.get('artifactType');
    const all = [...this.manifestsOf(repository)]
      .filter(([name]) => name.includes(':'))
      .map(([digest, { bytes, type }]) => ({
        digest,
        type,
        size: bytes.length,
        document: JSON.parse(bytes.toString('utf8')),
      }))
      .filter(({ document }) => document.subject?.digest === subject)
      .map(({ digest, type, size, document }) => ({
        mediaType: type,
        digest,
        size,
        artifactType: document.artifactType ?? document.config?.mediaType,
        annotations: document.annotations,
      }))
      .filter(({ artifactType }) => wanted === null || artifactType === wanted);
    const start = Number(url.searchParams.get('from') ?? 0);
    const manifests = all.slice(start, start + this.page);
    const more = start + this.page < all.length;
    const query = new URLSearchParams({
      ...(wanted === null ? {} : { artifactType: wanted }),
      from: String(start + this.page),
    });
    const headers: Headers = {
      'content-type': INDEX,
      ...(wanted === null ? {} : { 'oci-filters-applied': 'artifactType' }),
      ...(more ? { link: `<${url.pathname}?${query}>; rel="next"` } : {}),
    };
    return end(200, headers, JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }));
  }

  #list(
    url: URL,
    end: (status: number, headers?: Headers, content?: string) => void,
    key: string,
    names: string[],
    more: object = {},
  ): unknown {
    const last = url.searchParams.get('last') ?? '';
    const count = Math.min(this.page, Number(url.searchParams.get('n') ?? this.page));
    const rest = names.sort().filter((name) => name > last);
    const shown = rest.slice(0, count);
    const query = new URLSearchParams({ n: String(count), last: shown.at(-1) ?? '' });
    const link: Headers = rest.length > count ? { link: `<${url.pathname}?${query}>; rel="next"` } : {};
    return end(200, { 'content-type': 'application/json', ...link }, JSON.stringify({ ...more, [key]: shown }));
  }
}
