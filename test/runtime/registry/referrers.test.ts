// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, it } from 'vitest';
import { parseReference } from '../../../src/runtime/images/reference.ts';
import { RegistryClient } from '../../../src/runtime/registry/client.ts';
import { type Artifact, pushArtifact } from '../../../src/runtime/registry/push/artifact.ts';
import { referrersTag } from '../../../src/runtime/registry/referrers.ts';
import { MemoryRegistry } from '../../support/memory-registry.ts';
import { sha256 } from '../../support/oci.ts';
import { FakeRegistry, INDEX, MANIFEST, noCredentials, type Reply, send, TIMING } from '../../support/registry.ts';
import { codeOf } from '../../support/store.ts';

const SUBJECT = { mediaType: MANIFEST, digest: sha256('subject'), size: 7 };
const TAG = SUBJECT.digest.replace(':', '-');
const SBOM = 'application/vnd.cyclonedx+json';
const SIGNATURE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const artifact = (text: string, artifactType = SBOM): Artifact => ({
  artifactType,
  subject: SUBJECT,
  layers: [{ mediaType: artifactType, data: Buffer.from(text), annotations: { a: text } }],
  annotations: { 'org.opencontainers.image.created': '2026-01-01T00:00:00Z' },
});

let registry: FakeRegistry;
let memory: MemoryRegistry;
beforeEach(async () => {
  [registry, memory] = [await FakeRegistry.start(), new MemoryRegistry()];
  registry.fallback = memory.reply;
});
const options = () => ({ timing: TIMING, env: noCredentials() });
const reference = () => parseReference(`${registry.host}/team/app`);
const push = (what: Artifact) => pushArtifact(reference(), what, options());
async function list(type?: string, digest = SUBJECT.digest) {
  const client = new RegistryClient(reference(), options());
  try {
    return await client.referrers(digest, type);
  } finally {
    client.close();
  }
}
const digests = async (type?: string) => (await list(type)).map(({ digest }) => digest).sort();
const PATH = `/v2/team/app/referrers/${SUBJECT.digest}`;

describe.each([true, false])('artifacts of an image, with the API: %s', (api) => {
  beforeEach(() => {
    memory.referrers = api;
  });

  it('are pushed, listed and filtered', async () => {
    expect(await list()).toEqual([]);
    const [one, two] = [await push(artifact('one')), await push(artifact('two', SIGNATURE))];
    expect(one.listed).toEqual(api ? 'api' : { tag: TAG });
    expect(await digests()).toEqual([one.digest, two.digest].sort());
    expect(await digests(SIGNATURE)).toEqual([two.digest]);
    expect(await list(SIGNATURE)).toMatchObject([{ artifactType: SIGNATURE, mediaType: MANIFEST, size: two.size }]);
    expect(await digests('application/other')).toEqual([]);
    expect(await list(undefined, sha256('other'))).toEqual([]);
  });

  it('are what was given, by digest', async () => {
    const pushed = await push(artifact('one'));
    const document = JSON.parse(String(memory.manifestsOf('team/app').get(pushed.digest)?.bytes));
    expect(document).toMatchObject({ artifactType: SBOM, subject: SUBJECT, config: { size: 2 } });
    expect(memory.blobsOf('team/app').get(document.layers[0].digest)).toEqual(Buffer.from('one'));
    expect(document.layers[0].annotations).toEqual({ a: 'one' });
  });

  it('without content are a manifest all the same', async () => {
    const { digest } = await push({ artifactType: SBOM, subject: SUBJECT, layers: [] });
    expect(await digests()).toEqual([digest]);
  });

  it('pushed twice are listed once', async () => {
    await push(artifact('one'));
    const { digest } = await push(artifact('one'));
    expect(await digests()).toEqual([digest]);
  });
});

describe('a registry with the API', () => {
  // Below a tag the last of two who write at the same moment may win unseen (distribution-spec says as much).
  it('lists all that are pushed at the same time', async () => {
    const pushed = await Promise.all(['a', 'b', 'c'].map((text) => push(artifact(text))));
    expect(await digests()).toEqual(pushed.map(({ digest }) => digest).sort());
  });

  it('lists them in pages', async () => {
    memory.page = 2;
    const all: string[] = [];
    for (const text of ['a', 'b', 'c', 'd', 'e']) all.push((await push(artifact(text))).digest);
    expect(await digests()).toEqual(all.sort());
    expect(registry.paths.filter((path) => path.startsWith(PATH))).toHaveLength(3);
    expect(await digests(SBOM)).toEqual(all);
  });

  it('that does not filter is filtered', async () => {
    const { digest } = await push(artifact('one', SIGNATURE));
    await push(artifact('two'));
    registry.routes.set(PATH, (request, response) => {
      request.url = PATH;
      memory.reply(request, response);
    });
    expect(await digests(SIGNATURE)).toEqual([digest]);
  });

  const index = (manifests: unknown, headers = {}) =>
    send(200, JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }), { 'content-type': INDEX, ...headers });
  const entry = { mediaType: MANIFEST, digest: sha256('x'), size: 1 };
  const endless = (): Reply => {
    let page = 0;
    return (request, response) => index([entry], { link: `<${PATH}?page=${++page}>; rel="next"` })(request, response);
  };
  const lies: [string, Reply, string][] = [
    ['sends a page of another type', send(200, '{}', { 'content-type': 'text/html' }), 'REGISTRY_PROTOCOL'],
    ['sends no index', send(200, '[]', { 'content-type': INDEX }), 'LAYOUT_INVALID'],
    [
      'sends a manifest',
      send(200, JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, manifests: [] }), { 'content-type': INDEX }),
      'LAYOUT_INVALID',
    ],
    ['sends an entry without a digest', index([{ mediaType: MANIFEST, size: 1 }]), 'LAYOUT_INVALID'],
    ['sends an entry that is a path', index([{ ...entry, digest: 'sha256:../../x' }]), 'LAYOUT_INVALID'],
    ['sends a negative size', index([{ ...entry, size: -1 }]), 'LAYOUT_INVALID'],
    ['sends a type that is none', index([{ ...entry, artifactType: 1 }]), 'LAYOUT_INVALID'],
    ['sends too many at once', index(Array(1001).fill(entry)), 'LAYOUT_INVALID'],
    ['never ends a page', send(200, ' '.repeat(5 << 20), { 'content-type': INDEX }), 'LIMIT_EXCEEDED'],
    ['leads in a circle', index([entry], { link: `<${PATH}>; rel="next"` }), 'REGISTRY_PROTOCOL'],
    ['has pages without end', endless(), 'REGISTRY_PROTOCOL'],
    [
      'has the next page elsewhere',
      index([entry], { link: '<https://registry.example/x>; rel="next"' }),
      'REGISTRY_PROTOCOL',
    ],
    ['has the next page in a file', index([entry], { link: '<file:///etc/passwd>; rel="next"' }), 'REGISTRY_PROTOCOL'],
    ['has the next page nowhere', index([entry], { link: '<http://[/>; rel=next' }), 'REGISTRY_PROTOCOL'],
    ['has an endless address', index([entry], { link: `<${'x'.repeat(9000)}>; rel="next"` }), 'REGISTRY_PROTOCOL'],
    ['answers 403', send(403, ''), 'REGISTRY_DENIED'],
    ['answers 400', send(400, ''), 'REGISTRY_PROTOCOL'],
    ['answers 500', send(500, ''), 'REGISTRY_UNREACHABLE'],
    ['answers 401', send(401, '', { 'www-authenticate': 'Basic realm="x"' }), 'REGISTRY_AUTH'],
  ];
  it.each(lies)('that %s is an error, and not none', async (_, reply, code) => {
    registry.routes.set(PATH, reply);
    expect(await codeOf(list())).toBe(code);
    expect(registry.seen.length).toBeLessThan(1100);
  });

  it('that ends in the middle of its pages is an error', async () => {
    let first = true;
    registry.routes.set(PATH, (request, response) => {
      if (!first) return send(404, '')(request, response);
      first = false;
      index([entry], { link: `<${PATH}?2>; rel="next"` })(request, response);
    });
    expect(await codeOf(list())).toBe('MANIFEST_UNKNOWN');
  });

  it('that lists it under another subject is an error', async () => {
    registry.fallback = (request, response) => {
      const end = response.writeHead.bind(response);
      response.writeHead = ((status: number, headers: Record<string, string>) =>
        end(status, 'oci-subject' in headers ? { ...headers, 'oci-subject': sha256('other') } : headers)) as never;
      memory.reply(request, response);
    };
    expect(await codeOf(push(artifact('one')))).toBe('REGISTRY_PROTOCOL');
  });
});

describe('a registry without the API', () => {
  beforeEach(() => {
    memory.referrers = false;
  });

  it('keeps what stands in the index already, with all that is said of it', async () => {
    const other = {
      mediaType: MANIFEST,
      digest: sha256('x'),
      size: 1,
      artifactType: SIGNATURE,
      annotations: { b: 'c' },
    };
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [other] }));
    memory.manifestsOf('team/app').set(TAG, { bytes, type: INDEX });
    const { digest } = await push(artifact('one'));
    expect(await list()).toMatchObject([
      other,
      { digest, artifactType: SBOM, annotations: { 'org.opencontainers.image.created': expect.any(String) } },
    ]);
  });

  it('does not lose an image that has the tag', async () => {
    const bytes = Buffer.from('{"schemaVersion":2,"layers":[]}');
    memory.manifestsOf('team/app').set(TAG, { bytes, type: MANIFEST });
    expect(await list()).toEqual([]);
    expect(await codeOf(push(artifact('one')))).toBe('REFERENCE_TAKEN');
    expect(memory.manifestsOf('team/app').get(TAG)?.bytes).toBe(bytes);
  });

  it.each([
    ['is damaged', send(200, '{', { 'content-type': INDEX }), 'LAYOUT_INVALID'],
    [
      'is not what its digest says',
      send(200, '{"schemaVersion":2,"manifests":[]}', { 'content-type': INDEX, 'docker-content-digest': sha256('y') }),
      'DIGEST_MISMATCH',
    ],
    ['is closed', send(403, ''), 'REGISTRY_DENIED'],
    ['cannot be asked for', send(503, ''), 'REGISTRY_UNREACHABLE'],
  ] as const)('whose index %s is an error, and not none', async (_, reply, code) => {
    registry.routes.set(registry.manifestPath(TAG), reply);
    expect(await codeOf(list())).toBe(code);
    expect(await codeOf(push(artifact('one')))).toBe(code);
  });

  it('that forgets what is added each time is an error', async () => {
    registry.routes.set(`PUT ${registry.manifestPath(TAG)}`, (request, response) => {
      request.resume().on('end', () => send(201, '')(request, response));
    });
    expect(await codeOf(push(artifact('one')))).toBe('REGISTRY_PROTOCOL');
    expect(registry.seen.filter(({ method, path }) => method === 'PUT' && path.endsWith(TAG)).length).toBeLessThan(6);
  });

  it('gets back what somebody else dropped at the same time', async () => {
    let dropped = false;
    registry.routes.set(`PUT ${registry.manifestPath(TAG)}`, (request, response) => {
      memory.reply(request, response);
      if (dropped) return;
      dropped = true;
      response.on('finish', () => memory.manifestsOf('team/app').delete(TAG));
    });
    const { digest } = await push(artifact('one'));
    expect(await digests()).toEqual([digest]);
  });
});

it('a tag has at most 64 digits of the digest', async () => {
  expect(referrersTag(sha256('x'))).toBe(sha256('x').replace(':', '-'));
  expect(referrersTag(`sha512:${'ab'.repeat(64)}`)).toBe(`sha512-${'ab'.repeat(32)}`);
  expect(await codeOf(() => referrersTag('sha256:x'))).toBe('REFERENCE_INVALID');
});
