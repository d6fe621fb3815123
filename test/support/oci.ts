// SPDX-License-Identifier: Apache-2.0
// Builds image layouts from bytes, valid ones by default and broken ones on request.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type TarEntry, tar } from './tar.ts';

export interface LayerSpec {
  readonly files: readonly TarEntry[];
  readonly compression?: 'gzip' | 'zstd';
}
export interface LayoutSpec {
  readonly layers: readonly LayerSpec[];
  /** The `config` object of the image config. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly architecture?: string;
  readonly os?: string;
  /** Last word on each document before it is written and named by its digest. */
  readonly alterConfig?: (config: Record<string, unknown>) => unknown;
  readonly alterManifest?: (manifest: Record<string, unknown>) => unknown;
  readonly alterIndex?: (index: Record<string, unknown>) => unknown;
  readonly name?: string;
}
export interface Layout {
  readonly directory: string;
  /** Manifest digest. */
  readonly digest: string;
  readonly configDigest: string;
  readonly layers: readonly { readonly digest: string; readonly diffId: string }[];
  /** Path of a blob. */
  blob(digest: string): string;
}

const LAYER = 'application/vnd.oci.image.layer.v1.tar';
export const sha256 = (data: Uint8Array | string) => `sha256:${createHash('sha256').update(data).digest('hex')}`;
/** Architecture of this machine, in Go's words. */
export const architecture = process.arch === 'x64' ? 'amd64' : process.arch;

function compress(data: Buffer, how: LayerSpec['compression']): Buffer {
  if (how === 'gzip') return gzipSync(data);
  return how === 'zstd' ? zstdCompressSync(data) : data;
}

/** Write an OCI image layout with one image into `directory`, which is made. */
export function ociLayout(directory: string, spec: LayoutSpec): Layout {
  mkdirSync(join(directory, 'blobs', 'sha256'), { recursive: true });
  const blob = (digest: string) => join(directory, 'blobs', ...digest.split(':'));
  const put = (data: Buffer) => {
    const digest = sha256(data);
    writeFileSync(blob(digest), data);
    return { digest, size: data.length };
  };
  const json = (value: unknown) => (Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value)));
  const layers = spec.layers.map(({ files, compression }) => {
    const plain = tar(files);
    const mediaType = compression === undefined ? LAYER : `${LAYER}+${compression}`;
    return { mediaType, ...put(compress(plain, compression)), diffId: sha256(plain) };
  });
  const config = {
    architecture: spec.architecture ?? architecture,
    os: spec.os ?? 'linux',
    config: spec.config ?? {},
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  };
  const configBlob = put(json(spec.alterConfig?.(config) ?? config));
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...configBlob },
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  };
  const manifestBlob = put(json(spec.alterManifest?.(manifest) ?? manifest));
  const annotations =
    spec.name === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': spec.name } };
  const index = { schemaVersion: 2, manifests: [{ mediaType: manifest.mediaType, ...manifestBlob, ...annotations }] };
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(directory, 'index.json'), json(spec.alterIndex?.(index) ?? index));
  return { directory, digest: manifestBlob.digest, configDigest: configBlob.digest, layers, blob };
}

/** The files of a directory as tar entries, for an archive of a layout. */
export function directoryEntries(directory: string, prefix = ''): TarEntry[] {
  return readdirSync(join(directory, prefix)).flatMap((name) => {
    const path = join(prefix, name);
    if (statSync(join(directory, path)).isDirectory()) return directoryEntries(directory, path);
    return [{ path, data: readFileSync(join(directory, path)) }];
  });
}

/** An image of this machine's static busybox, with users, and files that some tests look for. */
export function busyboxLayout(target: string, command: readonly string[] = ['/bin/sh']): Layout {
  const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean);
  const directory = (path: string, mode = 0o755) => ({ path, type: '5', mode });
  return ociLayout(target, {
    layers: [
      {
        files: [
          ...['bin', 'dev', 'etc', 'proc', 'run', 'sys', 'srv'].map((path) => directory(path)),
          directory('tmp', 0o1777),
          { path: 'bin/busybox', data: readFileSync('/bin/busybox'), mode: 0o755 },
          ...applets
            .filter((name) => name !== 'busybox')
            .map((name) => ({ path: `bin/${name}`, type: '2', link: 'busybox' })),
          {
            path: 'etc/passwd',
            data: 'root:x:0:0::/root:/bin/sh\nweb:x:33:34::/srv:/bin/sh\n1000:x:0:0::/:/bin/sh\n',
          },
          { path: 'etc/group', data: 'root:x:0:\nweb:x:34:\nextra:x:50:web\n' },
          { path: 'etc/not-executable', data: 'x', mode: 0o644 },
        ],
      },
    ],
    config: { Cmd: command, Env: ['PATH=/bin', 'FROM_IMAGE=1'] },
  });
}
