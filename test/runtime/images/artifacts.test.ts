// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { artifactDocument } from '../../../src/runtime/images/artifacts/document.ts';
import { keptReferrers, readKept } from '../../../src/runtime/images/artifacts/kept.ts';
import { checkStore } from '../../../src/runtime/images/check/check.ts';
import { publish } from '../../../src/runtime/images/import/import.ts';
import { prepareRootfs } from '../../../src/runtime/images/import/rootfs.ts';
import type { ImageRecord } from '../../../src/runtime/images/records.ts';
import { stageSboms } from '../../../src/runtime/images/sbom/attach.ts';
import { CYCLONEDX } from '../../../src/runtime/images/sbom/cyclonedx.ts';
import { imageSbom } from '../../../src/runtime/images/sbom/image.ts';
import { readInventory } from '../../../src/runtime/images/sbom/read.ts';
import { SPDX } from '../../../src/runtime/images/sbom/spdx.ts';
import { fromBuffer } from '../../../src/runtime/images/sources/bytes.ts';
import { Stage } from '../../../src/runtime/images/stage.ts';
import type { ImageStore } from '../../../src/runtime/images/store.ts';
import { pushImage } from '../../../src/runtime/registry/push/image.ts';
import { MemoryRegistry } from '../../support/memory-registry.ts';
import { FakeRegistry, noCredentials, TIMING } from '../../support/registry.ts';
import { codeOf, noExtractor, openStore } from '../../support/store.ts';
import { tar } from '../../support/tar.ts';

const CREATED = '2025-05-20T00:00:00.000Z';
const STATUS = 'Package: app\nStatus: install ok installed\nVersion: 1.2-3\nArchitecture: all\n';

async function build(store: ImageStore, name: string, withSboms = true, status = STATUS): Promise<ImageRecord> {
  const stage = await Stage.open(store.paths, () => {});
  try {
    const root = tar([
      { path: 'var/', type: '5' },
      { path: 'var/lib/', type: '5' },
      { path: 'var/lib/dpkg/', type: '5' },
      { path: 'var/lib/dpkg/status', data: status },
    ]);
    const prepared = await prepareRootfs(stage, fromBuffer(root), {}, CREATED);
    const inventory = readInventory([stage.root(prepared.diffId)]);
    const about = { name: `localhost/${name}:latest`, created: CREATED };
    const referrers = withSboms ? await stageSboms(stage, prepared.manifest, inventory, about) : [];
    return await publish(store, stage, { ...prepared, referrers }, 'built', name);
  } finally {
    await stage.close();
  }
}

describe('artifactDocument', () => {
  it('is the same each time, and names each content once', () => {
    const subject = { mediaType: 'm', digest: `sha256:${'0'.repeat(64)}`, size: 1 };
    const layer = { mediaType: 'text/plain', data: Buffer.from('x') };
    const make = () => artifactDocument({ artifactType: 'a/b', subject, layers: [layer, layer] });
    expect(make()).toEqual(make());
    expect(make().blobs).toHaveLength(2);
    expect(JSON.parse(make().manifest.toString())).toMatchObject({ artifactType: 'a/b', subject });
  });
});

describe.skipIf(noExtractor())('what belongs to an image', () => {
  let store: ImageStore;
  let record: ImageRecord;
  beforeEach(async () => {
    store = await openStore();
    record = await build(store, 'app');
  });
  const blobs = () => readdirSync(join(store.paths.blobs, 'sha256')).length;
  const listFile = () => join(store.paths.state, 'referrers', `${record.digest.replace(':', '-')}.json`);
  const kinds = async (options = {}) => (await checkStore(store, options)).findings.map(({ kind }) => kind);

  it('is listed once of each type, and is the same after a second build', async () => {
    const first = keptReferrers(store.paths, record.digest);
    expect(first.map(({ artifactType }) => artifactType)).toEqual([CYCLONEDX, SPDX]);
    expect((await build(store, 'app')).digest).toBe(record.digest);
    expect(keptReferrers(store.paths, record.digest)).toEqual(first);
    const [entry] = first;
    if (entry === undefined) throw new Error('no entry');
    const { manifest } = await readKept(store.paths, entry);
    expect(JSON.parse(manifest.toString())).toMatchObject({ subject: { digest: record.digest } });
  });

  it('stays as long as the image, and goes with it', async () => {
    const before = blobs();
    await store.prune();
    expect(blobs()).toBe(before);
    expect(await checkStore(store)).toMatchObject({ findings: [], leftovers: { blobs: 0 } });
    await store.remove(['app']);
    expect(blobs()).toBe(0);
    expect(existsSync(listFile())).toBe(false);
  });

  it('is printed: what was written then, else what the layers say', async () => {
    const attached = await imageSbom(store, 'app', 'cyclonedx');
    expect(attached.from).toBe('attached');
    expect(JSON.parse(attached.text)).toMatchObject({ components: [{ name: 'app', version: '1.2-3' }] });
    await build(store, 'bare', false, STATUS.replace('1.2-3', '9'));
    const read = await imageSbom(store, 'bare', 'spdx');
    expect(read.from).toBe('layers');
    expect(read.text).toContain('pkg:deb/debian/app@9?arch=all');
    expect(await codeOf(imageSbom(store, 'nothing', 'spdx'))).toBe('IMAGE_NOT_FOUND');
  });

  it.each<[string, () => void, string[]]>([
    ['a list that is none', () => writeFileSync(listFile(), '{'), ['referrer-damaged']],
    [
      'a blob that is gone',
      () => {
        const [entry] = keptReferrers(store.paths, record.digest);
        rmSync(store.paths.blob(entry?.digest ?? ''));
      },
      ['referrer-damaged'],
    ],
    [
      'a blob of another content',
      () => {
        const [entry] = keptReferrers(store.paths, record.digest);
        writeFileSync(store.paths.blob(entry?.digest ?? ''), 'x');
      },
      ['blob-damaged', 'referrer-damaged'],
    ],
  ])('%s is found and repaired, and the image stays', async (_, damage, expected) => {
    damage();
    expect((await kinds()).sort()).toEqual(expected);
    await kinds({ repair: true });
    expect(await kinds()).toEqual([]);
    expect((await store.resolve('app')).record.digest).toBe(record.digest);
    await store.prune();
    expect(await kinds()).toEqual([]);
  });

  describe('pushing', () => {
    let registry: FakeRegistry;
    let memory: MemoryRegistry;
    beforeEach(async () => {
      [registry, memory] = [await FakeRegistry.start(), new MemoryRegistry()];
      registry.fallback = memory.reply;
    });
    const push = (options = {}) =>
      pushImage(store, 'app', `${registry.host}/team/app:1`, { timing: TIMING, env: noCredentials(), ...options });
    const there = (digest: string) => memory.manifestsOf('team/app').get(digest)?.bytes;

    it.each([true, false])('sends it along, byte for byte (referrers API: %s)', async (api) => {
      memory.referrers = api;
      const pushed = await push();
      const kept = keptReferrers(store.paths, record.digest);
      expect(pushed.referrers.map(({ digest }) => digest)).toEqual(kept.map(({ digest }) => digest));
      for (const { digest } of kept) expect(there(digest)).toEqual(readFileSync(store.paths.blob(digest)));
      const tag = there(record.digest.replace(':', '-'));
      if (api) expect(tag).toBeUndefined();
      else expect(JSON.parse(tag?.toString() ?? '')).toMatchObject({ manifests: kept });
      expect((await push()).referrers).toEqual(pushed.referrers);
    });

    it('leaves it out where that is asked for', async () => {
      expect((await push({ imageOnly: true })).referrers).toEqual([]);
      expect([...memory.manifestsOf('team/app').keys()].sort()).toEqual(['1', record.digest].sort());
    });

    it('sends nothing when it is damaged, and says how to do without', async () => {
      const [entry] = keptReferrers(store.paths, record.digest);
      rmSync(store.paths.blob(entry?.digest ?? ''));
      expect(await codeOf(push())).toBe('STORE_CORRUPT');
      expect(memory.manifestsOf('team/app').size).toBe(0);
      expect((await push({ imageOnly: true })).digest).toBe(record.digest);
    });
  });
});
