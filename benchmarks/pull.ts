// SPDX-License-Identifier: Apache-2.0
// An image of twelve layers pulled and unpacked from a registry on loopback: secure, podman, skopeo with umoci. One after the other in
// rounds, each into an empty store, so that a slow moment of the machine hits all of them. Then a changed top layer.
// Usage: pull.ts [ROUNDS]. Needs root, docker-registry, skopeo and umoci.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { startRegistry } from '../test/support/docker-registry.ts';
import { available } from './available.ts';
import { table } from './rounds.ts';

const home = join(import.meta.dirname, '..');
const secure = join(home, 'bin/secure');
const rounds = Number(process.argv[2] ?? 7);
const quiet = { stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'] };

/** Debian packages of each layer above the base; about 300 MB together with it. */
const LAYERS = [
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

interface Contender {
  readonly name: string;
  /** Everything that it keeps. */
  readonly place: string;
  readonly argv: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

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
function makeImages(directory: string): Layout {
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

function contenders(directory: string, image: string): Contender[] {
  const at = (name: string) => join(directory, 'stores', name);
  const [ours, podman, layout] = [at('secure'), at('podman'), at('umoci')];
  const stores = ['--root', join(podman, 'root'), '--runroot', join(podman, 'run')];
  const copy = 'skopeo copy -q --src-tls-verify=false "docker://$1" "oci:$0/layout:it"';
  const all = [
    {
      name: 'secure image pull',
      place: ours,
      argv: [secure, 'image', 'pull', '-q', image],
      env: { ...process.env, SECURE_STATE_ROOT: join(ours, 'state'), SECURE_RUN_ROOT: join(ours, 'run') },
    },
    { name: 'podman pull', place: podman, argv: ['podman', ...stores, 'pull', '-q', '--tls-verify=false', image] },
    {
      name: 'skopeo copy, umoci unpack',
      place: layout,
      argv: ['sh', '-c', `${copy} && umoci unpack --image "$0/layout:it" "$0/bundle"`, layout, image],
    },
  ];
  return all.filter(({ argv }) => argv[0] === secure || available(argv[0] === 'sh' ? 'umoci' : (argv[0] ?? '')));
}

/** To the end, and what it wrote to descriptor 3. Not waited for by blocking: the registry waits for its log to be read. */
async function run(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const [program = '', ...words] = argv;
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'], env });
  let written = '';
  (child.stdio[3] as NodeJS.ReadableStream).on('data', (chunk) => {
    written += String(chunk);
  });
  const status = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}`);
  return written;
}

/** Seconds. A pull that fails is an error. */
async function pull({ argv, env }: Contender): Promise<number> {
  const since = performance.now();
  await run(argv, env);
  return (performance.now() - since) / 1000;
}

function empty({ name, place }: Contender): void {
  if (name.startsWith('podman')) {
    spawnSync('podman', ['--root', `${place}/root`, '--runroot', `${place}/run`, 'system', 'reset', '--force'], quiet);
  }
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  // What is to be written for one is not to be paid by the next.
  execFileSync('sync');
}

const names = (all: readonly Contender[]) => all.map(({ name }) => name);

const directory = mkdtempSync(join(tmpdir(), 'secure-bench-pull-'));
const registry = await startRegistry(join(directory, 'registry'));
try {
  const floor = join(directory, 'floor');
  execFileSync('cc', ['-O2', '-static', '-o', floor, join(import.meta.dirname, 'floor.c')]);
  const layout = makeImages(directory);
  for (const tag of ['1', '2']) {
    const target = `docker://${registry.host}/bench:${tag}`;
    const from = `oci:${layout.directory}:${tag}`;
    await run(['skopeo', '--insecure-policy', 'copy', '-q', '--dest-tls-verify=false', from, target]);
  }
  const trees = execFileSync('sh', ['-c', 'du -sbc "$0"/base/layers "$0"/tree-* | tail -1', directory], {
    encoding: 'utf8',
  });
  const blobs = execFileSync('du', ['-sb', join(directory, 'layout/blobs')], { encoding: 'utf8' });
  const megabytes = (text: string) => `${Math.round(Number.parseInt(text, 10) / 1e6)} MB`;
  console.log(`${LAYERS.length + 1} layers, ${megabytes(trees)} unpacked, ${megabytes(blobs)} to transfer`);

  const image = `${registry.host}/bench:1`;
  const all = contenders(directory, image);
  const [cold, changed] = [new Map<string, number[]>(), new Map<string, number[]>()];
  const add = (to: Map<string, number[]>, name: string, value: number) =>
    to.set(name, [...(to.get(name) ?? []), value]);
  for (let round = 0; round < rounds; round++) {
    for (const contender of all) {
      empty(contender);
      add(cold, contender.name, await pull(contender));
      if (contender.name.startsWith('skopeo')) continue;
      const argv = contender.argv.map((word) => (word === image ? `${registry.host}/bench:2` : word));
      add(changed, contender.name, await pull({ ...contender, argv }));
    }
  }
  table('Pull and unpack into an empty store', names(all), cold, rounds);
  const second = all.filter(({ name }) => changed.has(name));
  table('Pull once more, with one small layer on top', names(second), changed, rounds);

  console.log('\nMemory, the largest process of each at its peak');
  for (const contender of all) {
    empty(contender);
    const peak = await run([floor, 'peak', ...contender.argv], contender.env);
    console.log(`  ${contender.name.padEnd(26)}${Math.round(Number(peak) / 1024)} MiB`);
  }
  for (const contender of all) empty(contender);
} finally {
  await registry.stop();
  rmSync(directory, { recursive: true, force: true });
}
