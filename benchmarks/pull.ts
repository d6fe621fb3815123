// SPDX-License-Identifier: Apache-2.0
// An image of twelve layers pulled and unpacked from a registry on loopback: secure, podman, skopeo with umoci. One after the other in
// rounds, each into an empty store, so that a slow moment of the machine hits all of them. Then a changed top layer.
// Usage: pull.ts [ROUNDS]. Needs root, docker-registry, skopeo and umoci.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRegistry } from '../test/support/docker-registry.ts';
import { available } from './available.ts';
import { LAYERS, makeImages } from './large-image.ts';
import { table } from './rounds.ts';

const home = join(import.meta.dirname, '..');
const secure = join(home, 'bin/secure');
const rounds = Number(process.argv[2] ?? 7);
const quiet = { stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'] };

interface Contender {
  readonly name: string;
  /** Everything that it keeps. */
  readonly place: string;
  readonly argv: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
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
