// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkStore } from '../../../src/runtime/images/check/check.ts';
import { importImage } from '../../../src/runtime/images/import/import.ts';
import { ImageStore } from '../../../src/runtime/images/store.ts';
import { type LayoutSpec, ociLayout, sha256 } from '../../support/oci.ts';
import { FakeRegistry, INDEX, MANIFEST, snapshot, TIMING } from '../../support/registry.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../../support/store.ts';
import { tar } from '../../support/tar.ts';

const FILES = [{ path: 'etc/' }, { path: 'etc/passwd', data: 'root:x:0:0::/root:/bin/sh\n' }];
const make = (spec: Partial<LayoutSpec> = {}) =>
  ociLayout(join(temporaryDirectory(), 'layout'), { layers: [{ files: FILES, compression: 'gzip' }], ...spec });
/** Processes that a process has started and that have not ended. */
function children(pid: number): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return (
        /^\d+$/.test(name) &&
        readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1] === String(pid)
      );
    } catch {
      return false;
    }
  });
}
const many = Array.from({ length: 9 }, (_, i) => ({ files: [{ path: `file${i}`, data: String(i) }] }));

describe.skipIf(noExtractor())('pulling', () => {
  it('by tag, and nothing that is here is fetched again', async () => {
    const [registry, store] = [await FakeRegistry.start(), await openStore()];
    const layout = make({ layers: [{ files: FILES, compression: 'zstd' }, { files: FILES }], config: { Cmd: ['/a'] } });
    registry.publish(layout);
    const record = await registry.pull(store);
    expect(record).toMatchObject({ reference: `${registry.host}/team/app:1`, digest: layout.digest, origin: 'pulled' });
    expect(record.index).toBeUndefined();
    const facts = await store.imageFacts(record.reference);
    expect(facts.config.cmd).toEqual(['/a']);
    expect(readFileSync(join(facts.layers[0]?.path ?? '', 'etc/passwd'), 'utf8')).toContain('root');
    const before = registry.paths.length;
    await registry.pull(store);
    expect(registry.paths.slice(before)).toEqual(['/v2/team/app/manifests/1']);
  });

  it('fetches a layer again whose blob is damaged', async () => {
    const [registry, store] = [await FakeRegistry.start(), await openStore()];
    const layout = make();
    registry.publish(layout);
    await registry.pull(store);
    const blob = layout.layers[0]?.digest ?? '';
    writeFileSync(store.paths.blob(blob), 'damaged');
    await registry.pull(store);
    expect(sha256(readFileSync(store.paths.blob(blob)))).toBe(blob);
  });

  it('does not read again what was verified and unpacked; a check finds damage, and a pull mends it', async () => {
    const [registry, store] = [await FakeRegistry.start(), await openStore()];
    const layout = make();
    registry.publish(layout);
    await registry.pull(store);
    const blob = layout.layers[0]?.digest ?? '';
    const path = store.paths.blob(blob);
    const damaged = Buffer.from(readFileSync(path).map((byte) => byte ^ 1));
    writeFileSync(path, damaged);
    await registry.pull(store);
    expect(readFileSync(path)).toEqual(damaged);
    const { findings } = await checkStore(store, { repair: true });
    expect(findings.map(({ kind }) => kind)).toEqual(['blob-damaged', 'blob-missing']);
    await registry.pull(store);
    expect(sha256(readFileSync(path))).toBe(blob);
  });

  it('verifies what is here before it is unpacked once more', async () => {
    const [registry, store] = [await FakeRegistry.start(), await openStore()];
    const layout = make();
    registry.publish(layout);
    await registry.pull(store);
    const path = store.paths.blob(layout.layers[0]?.digest ?? '');
    writeFileSync(path, Buffer.from(readFileSync(path).map((byte) => byte ^ 1)));
    rmSync(store.paths.layers, { recursive: true });
    mkdirSync(store.paths.layers);
    await registry.pull(store);
    expect(sha256(readFileSync(path))).toBe(layout.layers[0]?.digest);
    expect((await checkStore(store, { deep: true })).findings).toEqual([]);
  });

  it('the same layer twice, and more layers than connections', async () => {
    const [registry, store] = [await FakeRegistry.start(), await openStore()];
    registry.publish(make({ layers: [...many, ...many] }));
    await registry.pull(store);
    expect(registry.paths.filter((path) => path.includes('/blobs/'))).toHaveLength(many.length + 1);
  });

  it('the same image twice at the same time', async () => {
    const [registry, store] = [await FakeRegistry.start(), await openStore()];
    const layout = make({ layers: many });
    registry.publish(layout);
    const records = await Promise.all([registry.pull(store), registry.pull(store)]);
    expect(records.map(({ digest }) => digest)).toEqual([layout.digest, layout.digest]);
    expect((await store.imageFacts(records[0].reference)).layers).toHaveLength(many.length);
    expect(Object.keys(snapshot(store.paths.tmp))).toEqual([]);
  });

  it('an image that lists no media type of its own is what its header says', async () => {
    const [registry, store] = [await FakeRegistry.start(), await openStore()];
    const layout = make({ alterManifest: ({ mediaType: _, ...rest }) => rest });
    registry.publish(layout);
    expect((await registry.pull(store)).digest).toBe(layout.digest);
    expect(await codeOf(store.imageFacts(`${registry.host}/team/app:1`))).toBe('no error');
  });

  it('a tag that moved replaces what had the name', async () => {
    const [registry, store] = [await FakeRegistry.start(), await openStore()];
    registry.publish(make());
    await registry.pull(store);
    const newer = make({ config: { Cmd: ['/new'] } });
    registry.publish(newer);
    await registry.pull(store);
    expect((await store.list()).map(({ digest }) => digest)).toEqual([newer.digest]);
  });
});

describe.skipIf(noExtractor())('pulling by digest', () => {
  it('is found by that digest, whether a tag was given or not', async () => {
    const [registry, store] = [await FakeRegistry.start(), await openStore()];
    const layout = make();
    registry.publish(layout);
    const text = `team/app@${layout.digest}`;
    expect((await registry.pull(store, text)).reference).toBe(`${registry.host}/${text}`);
    expect((await store.resolve(`${registry.host}/${text}`)).record.digest).toBe(layout.digest);
    expect(await codeOf(store.resolve(`${registry.host}/team/app`))).toBe('IMAGE_NOT_FOUND');
    expect((await registry.pull(store, `team/app:x@${layout.digest}`)).reference).toBe(`${registry.host}/team/app:x`);
    await store.remove([`${registry.host}/team/app:x`, `${registry.host}/${text}`]);
    expect(await store.list()).toEqual([]);
  });

  it('of an index finds the image of this platform by the digest of the index', async () => {
    const [registry, store] = [await FakeRegistry.start(), await openStore()];
    const own = make();
    const other = make({ architecture: 's390x' });
    registry.publish(own);
    registry.publish(other);
    const entry = (layout: typeof own, architecture: string) => {
      const size = readFileSync(layout.blob(layout.digest)).length;
      return { mediaType: MANIFEST, digest: layout.digest, size, platform: { os: 'linux', architecture } };
    };
    const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
    const manifests = [entry(other, 's390x'), entry(own, architecture)];
    const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests });
    registry.manifest('multi', index, INDEX);
    registry.manifest(sha256(index), index, INDEX);
    const record = await registry.pull(store, 'team/app:multi');
    expect(record).toMatchObject({ digest: own.digest, index: sha256(index) });
    const pinned = `${registry.host}/team/app@${sha256(index)}`;
    expect((await store.resolve(pinned)).record.digest).toBe(own.digest);
    const s390x = { os: 'linux', architecture: 's390x' };
    expect((await registry.pull(store, 'team/app:multi', { platform: s390x })).digest).toBe(other.digest);
    expect(
      await codeOf(registry.pull(store, 'team/app:multi', { platform: { os: 'plan9', architecture: 'mips' } })),
    ).toBe('PLATFORM_MISSING');
  });
});

describe.skipIf(noExtractor())('a layer that only the extractor can refuse', () => {
  it.each([
    ['leaves its directory', [{ path: '../../escaped', data: 'x' }], 'PATH_ESCAPE'],
    ['is not what the config says', undefined, 'DIGEST_MISMATCH'],
  ])('%s', async (_, files, code) => {
    const [registry, store] = [await FakeRegistry.start(), await openStore()];
    await importImage(store, make({ layers: many }).directory, { name: 'base' });
    const layout = make({ layers: [{ files: files ?? FILES }] });
    registry.publish(layout);
    if (files === undefined) {
      const junk = tar([{ path: 'other', data: 'x' }]);
      const manifest = JSON.parse(readFileSync(layout.blob(layout.digest), 'utf8'));
      manifest.layers[0] = { ...manifest.layers[0], digest: sha256(junk), size: junk.length };
      registry.manifest('1', JSON.stringify(manifest), MANIFEST);
      registry.routes.set(registry.blobPath(sha256(junk)), (_request, response) => response.end(junk));
    }
    const before = snapshot(store.paths.state);
    expect(await codeOf(registry.pull(store))).toBe(code);
    expect(snapshot(store.paths.state)).toEqual(before);
  });
});

describe.skipIf(noExtractor())('a layer is unpacked while it arrives', () => {
  it('before all of it is there', async () => {
    const [registry, store] = [await FakeRegistry.start(), await openStore()];
    const layout = make({
      layers: [
        {
          files: [
            { path: 'first', data: 'here' },
            { path: 'rest', data: 'x'.repeat(1 << 21) },
          ],
        },
      ],
    });
    registry.publish(layout);
    const [layer = { digest: '', diffId: '' }] = layout.layers;
    const content = readFileSync(layout.blob(layer.digest));
    let seen = false;
    registry.routes.set(registry.blobPath(layer.digest), (_, response) => {
      response.writeHead(200, { 'content-length': String(content.length) }).write(content.subarray(0, 1 << 20));
      const look = setInterval(() => {
        seen = readdirSync(store.paths.tmp, { recursive: true }).some((name) => String(name).endsWith('root/first'));
        if (!seen) return;
        clearInterval(look);
        response.end(content.subarray(1 << 20));
      }, 5);
    });
    await registry.pull(store, 'team/app:1', { timing: { ...TIMING, idle: 20_000 } });
    expect(seen).toBe(true);
  });

  it('once, where two blobs hold it', async () => {
    const [registry, store] = [await FakeRegistry.start(), await openStore()];
    const layers = (['gzip', 'zstd'] as const).map((compression) => ({ files: FILES, compression }));
    const layout = make({ layers });
    registry.publish(layout);
    const events: string[] = [];
    const listening = await ImageStore.open({ state: store.paths.state, run: store.paths.state }, ({ type }) =>
      events.push(type),
    );
    await registry.pull(listening);
    expect(events.filter((type) => type === 'unpack')).toHaveLength(1);
    expect((await store.imageFacts(`${registry.host}/team/app:1`)).layers).toHaveLength(2);
  });

  it('and what refuses it is less than that it is not what was asked for', async () => {
    const [registry, store] = [await FakeRegistry.start(), await openStore()];
    const layout = make({ layers: [{ files: FILES }] });
    registry.publish(layout);
    const digest = layout.layers[0]?.digest ?? '';
    const size = readFileSync(layout.blob(digest)).length;
    // Refused by the extractor at its first byte, and by its digest at its last one.
    registry.routes.set(registry.blobPath(digest), (_, response) => response.end(Buffer.alloc(size, 'x')));
    const before = snapshot(store.paths.state);
    expect(await codeOf(registry.pull(store))).toBe('DIGEST_MISMATCH');
    expect(snapshot(store.paths.state)).toEqual(before);
  });

  it('by nobody any more when its registry breaks off', async () => {
    const [registry, store] = [await FakeRegistry.start(), await openStore()];
    const layout = make({ layers: [{ files: [{ path: 'big', data: 'x'.repeat(1 << 20) }] }] });
    registry.publish(layout);
    const digest = layout.layers[0]?.digest ?? '';
    const content = readFileSync(layout.blob(digest));
    let answers = 0;
    registry.routes.set(registry.blobPath(digest), (_, response) => {
      answers += 1;
      if (answers > 1) response.writeHead(404).end();
      else
        response
          .writeHead(200, { 'content-length': String(content.length) })
          .write(content.subarray(0, 1 << 19), () => response.socket?.destroy());
    });
    const [state, processes] = [snapshot(store.paths.state), children(process.pid)];
    expect(await codeOf(registry.pull(store))).toBe('BLOB_UNKNOWN');
    expect(snapshot(store.paths.state)).toEqual(state);
    expect(children(process.pid)).toEqual(processes);
  });
});
