// SPDX-License-Identifier: Apache-2.0
// Archives of ours and of others: skopeo, umoci and podman read what is saved here, and what skopeo writes is loaded here.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { importImage } from '../../src/runtime/images/import/import.ts';
import { loadImages } from '../../src/runtime/images/import/load.ts';
import { type SaveFormat, saveImages } from '../../src/runtime/images/save/save.ts';
import type { ImageStore } from '../../src/runtime/images/store.ts';
import { directoryEntries, ociLayout } from '../support/oci.ts';
import { codeOf, noExtractor, openStore, temporaryDirectory } from '../support/store.ts';

const TOOLS = ['/usr/bin/skopeo', '/usr/bin/umoci', '/usr/bin/podman'];

import { CLI } from '../support/cli.ts';

function missing(): boolean {
  if (process.env.SECURE_MUST_WORK === '1') return false;
  return noExtractor() || TOOLS.some((path) => !existsSync(path));
}

const run = (program: string, ...args: readonly string[]) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' });
const copy = (...args: readonly string[]) =>
  run('skopeo', '--insecure-policy', 'copy', '-q', '--preserve-digests', ...args);
const digestOf = (...args: readonly string[]) => run('skopeo', 'inspect', '--format', '{{.Digest}}', ...args).trim();
const configOf = (image: string) => run('skopeo', 'inspect', '--config', '--raw', image);

describe.skipIf(missing())('archives', () => {
  let make: (name: string) => string;
  beforeAll(() => {
    make = (name) =>
      ociLayout(join(temporaryDirectory(), 'l'), {
        layers: [
          {
            files: [
              { path: 'etc/', mode: 0o755 },
              { path: 'etc/shared', data: 'x'.repeat(5000) },
            ],
            compression: 'gzip',
          },
          {
            files: [
              { path: 'etc/name', data: name, uid: 33, mode: 0o4755 },
              { path: `d/${'n'.repeat(120)}`, data: '' },
            ],
          },
        ],
        config: { Cmd: ['/bin/sh'], Env: ['A=1'] },
      }).directory;
  });

  async function saved(format: SaveFormat, names = ['a', 'b']): Promise<{ store: ImageStore; to: string }> {
    const store = await openStore();
    for (const name of names) await importImage(store, make(name), { name });
    const to = join(temporaryDirectory(), 'saved');
    await saveImages(store, names, { format, to });
    return { store, to };
  }

  it.each([
    ['oci-archive', 'oci-archive'],
    ['oci-dir', 'oci'],
  ] as const)('%s has the same digests for skopeo, and back from it', async (format, transport) => {
    const { store, to } = await saved(format);
    for (const { reference, digest } of await store.list()) {
      const from = `${transport}:${to}:${reference}`;
      expect(digestOf(from)).toBe(digest);
      const back = join(temporaryDirectory(), 'back');
      copy(from, `${transport}:${back}:${reference}`);
      const other = await openStore();
      expect(await loadImages(other, back)).toMatchObject([{ reference, digest }]);
    }
  });

  it('docker-archive is the same image for skopeo, and back from it', async () => {
    const { store, to } = await saved('docker-archive');
    for (const { reference, configDigest } of await store.list()) {
      const { raw, config } = await store.inspect(reference);
      expect(configOf(`docker-archive:${to}:${reference}`)).toBe(raw.config.toString('utf8'));
      const back = join(temporaryDirectory(), 'back.tar');
      copy(`docker-archive:${to}:${reference}`, `docker-archive:${back}:${reference}`);
      const other = await openStore();
      expect(await loadImages(other, back)).toMatchObject([{ reference, configDigest }]);
      expect((await other.imageFacts(reference)).layers.map(({ diffId }) => diffId)).toEqual(config.diffIds);
    }
  });

  it('oci-dir is unpacked by umoci', async () => {
    const { to } = await saved('oci-dir');
    const bundle = join(temporaryDirectory(), 'bundle');
    run('umoci', 'unpack', '--image', `${to}:localhost/b:latest`, bundle);
    expect(readFileSync(join(bundle, 'rootfs/etc/name'), 'utf8')).toBe('b');
    const { uid, mode } = statSync(join(bundle, 'rootfs/etc/name'));
    expect([uid, mode & 0o7777]).toEqual([33, 0o4755]);
    expect(directoryEntries(join(bundle, 'rootfs')).length).toBe(3);
  });

  it.each(['docker-archive', 'oci-archive'] as const)(
    'podman loads %s',
    async (format) => {
      // Of an OCI archive podman 4 takes no more than one image.
      const { store, to } = await saved(format, format === 'docker-archive' ? ['a', 'b'] : ['a']);
      const root = temporaryDirectory();
      const at = (name: string) => join(root, name);
      const words = ['--root', at('root'), '--runroot', at('run'), '--tmpdir', at('tmp'), '--events-backend', 'none'];
      const podman = (...args: readonly string[]) =>
        run('podman', ...words, '--cgroup-manager', 'cgroupfs', '--storage-driver', 'vfs', ...args);
      onTestFinished(() => {
        podman('rmi', '-af');
      });
      podman('load', '-q', '-i', to);
      const loaded = podman('images', '--no-trunc', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}')
        .trim()
        .split('\n')
        .sort();
      expect(loaded).toEqual((await store.list()).map(({ reference, configDigest }) => `${reference} ${configDigest}`));
    },
    60_000,
  );

  it('pass from one command to the next through a pipe', async () => {
    const { store } = await saved('oci-archive');
    const other = await openStore();
    const script = `SECURE_STATE_ROOT='${store.paths.state}' "$@" save a b --format oci-archive |
      SECURE_STATE_ROOT='${other.paths.state}' "$@" load --json`;
    const printed = run('bash', '-o', 'pipefail', '-c', script, 'bash', process.execPath, CLI, 'image');
    const list = await store.list();
    expect(JSON.parse(printed).images.map(({ digest }: { digest: string }) => digest)).toEqual(
      list.map(({ digest }) => digest),
    );
    expect((await other.list()).map(({ reference }) => reference)).toEqual(list.map(({ reference }) => reference));
  }, 60_000);

  it('are nothing for a terminal', async () => {
    const { store } = await saved('oci-archive');
    const script = `SECURE_STATE_ROOT='${store.paths.state}' '${process.execPath}' '${CLI}' image save a`;
    let status = 0;
    try {
      run('script', '-qec', script, '/dev/null');
    } catch (error) {
      status = (error as { status: number }).status;
      expect((error as { stdout: string }).stdout).toContain('OUTPUT_REFUSED');
    }
    expect(status).toBe(2);
    expect(await codeOf(saveImages(store, ['a'], { format: 'oci-dir', to: () => {} }))).toBe('OUTPUT_REFUSED');
  }, 60_000);
});
