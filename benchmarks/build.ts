// SPDX-License-Identifier: Apache-2.0
// A Dockerfile of ten steps, built by secure and by podman: without anything kept, and with everything kept. One after the other in rounds.
// Usage: build.ts [ROUNDS]. Needs root; podman's runtime, crun, wants cgroup v1 alone.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { available } from './available.ts';
import { table } from './rounds.ts';

const secure = join(import.meta.dirname, '..', 'bin/secure');
const rounds = Number(process.argv[2] ?? 7);
const quiet = { stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'] };

/** Configuration, files of the context, files that steps make, and a second stage. */
const DOCKERFILE = [
  'FROM localhost/base AS build',
  'ENV MODE=release',
  'WORKDIR /src',
  'COPY src ./',
  'RUN for i in $(seq 500); do head -c 10000 /dev/zero > file-$i; done',
  'RUN cat file-* > all && rm file-*',
  'RUN chmod -R go-w /src && chown -R 1000:1000 /src',
  'FROM localhost/base',
  'COPY --from=build /src /app',
  'RUN id -u > /who',
  'USER 1000',
  'CMD ["/bin/sh"]',
  '',
].join('\n');

interface Builder {
  readonly name: string;
  readonly cold: readonly string[];
  readonly cached: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

function seconds(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): number {
  const [program = '', ...words] = argv;
  const since = performance.now();
  const { status, stderr } = spawnSync(program, words, { stdio: ['ignore', 'ignore', 'pipe'], env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}: ${stderr}`);
  return (performance.now() - since) / 1000;
}

function builders(directory: string, context: string): Builder[] {
  const state = join(directory, 'state');
  const env = { ...process.env, SECURE_STATE_ROOT: state, SECURE_RUN_ROOT: join(directory, 'run') };
  execFileSync(secure, ['image', 'debian', 'bash', '--name', 'base', '--variant', 'essential'], { ...quiet, env });
  const build = [secure, 'image', 'build', '-q', '-t', 'out', '--network', 'none'];
  const all: Builder[] = [
    {
      name: 'secure image build',
      cold: [...build, '--no-cache', context],
      cached: [...build, context],
      env,
    },
  ];
  if (!available('podman')) return all;
  const place = join(directory, 'podman');
  const podman = [
    'podman',
    '--root',
    place,
    '--runroot',
    join(directory, 'podman-run'),
    '--cgroup-manager',
    'cgroupfs',
    '--events-backend',
    'none',
  ];
  const [layer = ''] = readdirSync(join(state, 'layers'));
  const tar = join(directory, 'base.tar');
  execFileSync('tar', ['-C', join(state, 'layers', layer, 'root'), '-cf', tar, '.']);
  execFileSync('podman', [...podman.slice(1), 'import', '-q', tar, 'localhost/base'], quiet);
  // Limits can only be lowered without CAP_SYS_RESOURCE, and podman asks for more unless it is told.
  const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096'];
  const its = [...podman, 'build', '-q', '-t', 'out', '--network', 'none', '--runtime', 'crun', ...limits];
  all.push({
    name: 'podman build --layers',
    cold: [...its, '--layers', '--no-cache', context],
    cached: [...its, '--layers', context],
  });
  return all;
}

const directory = mkdtempSync(join(tmpdir(), 'secure-bench-build-'));
try {
  const context = join(directory, 'context');
  mkdirSync(join(context, 'src'), { recursive: true });
  writeFileSync(join(context, 'Dockerfile'), DOCKERFILE);
  for (let i = 0; i < 200; i++) writeFileSync(join(context, 'src', `file-of-context-${i}`), 'x'.repeat(5000));
  const all = builders(directory, context);
  const [cold, cached] = [new Map<string, number[]>(), new Map<string, number[]>()];
  for (let round = 0; round < rounds; round++) {
    for (const { name, cold: argv, cached: again, env } of all) {
      execFileSync('sync');
      cold.set(name, [...(cold.get(name) ?? []), seconds(argv, env)]);
      // Once for what is kept, then what is asked about.
      if (round === 0) seconds(again, env);
      cached.set(name, [...(cached.get(name) ?? []), seconds(again, env)]);
    }
  }
  const names = all.map(({ name }) => name);
  table('a build of ten steps, nothing kept', names, cold, rounds);
  table('the same, everything kept', names, cached, rounds);
} finally {
  if (available('podman'))
    spawnSync(
      'podman',
      ['--root', join(directory, 'podman'), '--runroot', join(directory, 'podman-run'), 'system', 'reset', '--force'],
      quiet,
    );
  rmSync(directory, { recursive: true, force: true });
}
