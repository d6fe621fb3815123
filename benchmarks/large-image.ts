// SPDX-License-Identifier: Apache-2.0
// An image as large as people have them: 300 MB of Debian in twelve layers, as an OCI layout.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const secure = join(import.meta.dirname, '..', 'bin/secure');
const quiet = { stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'] };

/** Debian packages of each layer above the base; about 300 MB together with it. */
export const LAYERS = [
  ['python3.11-minimal', 'libpython3.11-minimal', 'libpython3.11-stdlib'],
  ['perl-modules-5.36', 'libperl5.36'],
  ['git'],
  ['vim-runtime'],
  ['cpp-12'],
  ['binutils-x86-64-linux-gnu', 'libbinutils'],
  ['postgresql-15'],
  ['nginx-common', 'nginx-light'],
  ['redis-tools'],
  ['ca-certificates', 'openssl'],
  ['sqlite3', 'libsqlite3-0'],
];

const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/** An OCI layout to be filled; GNU tar and gzip write its layers. umoci 0.4.7 cuts them off. */
class Layout {
  readonly directory: string;
  readonly #layers: { readonly diffId: string; readonly descriptor: object }[] = [];
  readonly #images: object[] = [];

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(join(directory, 'blobs/sha256'), { recursive: true });
    writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  }

  #blob(mediaType: string, data: Buffer) {
    writeFileSync(join(this.directory, 'blobs/sha256', digest(data)), data);
    return { mediaType, digest: `sha256:${digest(data)}`, size: data.length };
  }

  layer(tree: string): void {
    const words = ['--sort=name', '--numeric-owner', '-C', tree, '-c', '.'];
    const tar = execFileSync('tar', words, { maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'inherit'] });
    const descriptor = this.#blob('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(tar));
    this.#layers.push({ diffId: `sha256:${digest(tar)}`, descriptor });
  }

  /** The layers so far as an image. */
  image(name: string): void {
    const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
    const rootfs = { type: 'layers', diff_ids: this.#layers.map(({ diffId }) => diffId) };
    const json = (value: object) => Buffer.from(JSON.stringify(value));
    const config = this.#blob(
      'application/vnd.oci.image.config.v1+json',
      json({ architecture, os: 'linux', config: { Cmd: ['/bin/sh'] }, rootfs }),
    );
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const layers = this.#layers.map(({ descriptor }) => descriptor);
    const manifest = this.#blob(mediaType, json({ schemaVersion: 2, mediaType, config, layers }));
    this.#images.push({ ...manifest, annotations: { 'org.opencontainers.image.ref.name': name } });
    writeFileSync(join(this.directory, 'index.json'), json({ schemaVersion: 2, manifests: this.#images }));
  }
}

/** A base of our own with the layers on it as image 1, one small layer more as image 2. */
export function makeImages(directory: string): Layout {
  const base = join(directory, 'base');
  const env = { ...process.env, SECURE_STATE_ROOT: base, SECURE_RUN_ROOT: `${base}-run` };
  execFileSync(secure, ['image', 'debian', 'bash', '--name', 'base', '--variant', 'essential'], { ...quiet, env });
  const layout = new Layout(join(directory, 'layout'));
  const [root = ''] = readdirSync(join(base, 'layers'));
  layout.layer(join(base, 'layers', root, 'root'));
  for (const [i, packages] of LAYERS.entries()) {
    const [debs, tree] = [join(directory, `debs-${i}`), join(directory, `tree-${i}`)];
    mkdirSync(debs);
    execFileSync('apt-get', ['download', '-qq', ...packages], { stdio: 'ignore', cwd: debs });
    execFileSync('sh', ['-c', 'for deb in "$0"/*.deb; do dpkg-deb -x "$deb" "$1"; done', debs, tree], quiet);
    layout.layer(tree);
  }
  layout.image('1');
  mkdirSync(join(directory, 'more'));
  writeFileSync(join(directory, 'more/file'), 'one file more');
  layout.layer(join(directory, 'more'));
  layout.image('2');
  return layout;
}
