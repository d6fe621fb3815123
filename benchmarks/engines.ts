// SPDX-License-Identifier: Apache-2.0
// What a policy underneath an engine adds to a container: create, start and delete of `true` without one, with one, and by the peers, one after the
// other in each round. The config asks for what the policy would make of it, so that what differs is the deciding, and a second filter; `bare` asks for
// none of that. Usage: engines.ts [ROUNDS]
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnginePolicy } from '../src/policies/engines/types.ts';
import { fileIo, loadPolicy } from '../src/policies/index.ts';
import { seccompProfile } from '../src/profiles/seccomp/index.ts';
import { runtimeBinary } from '../src/runtime/binary.ts';
import { compiledText, installPolicy } from '../src/runtime/engine-policy.ts';
import { Bundle } from '../test/support/bundle.ts';

const rounds = Number(process.argv[2] ?? 200);
const bundle = new Bundle();
const policy = join(bundle.directory, 'policy.d');

const exists = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function once(words: readonly string[]): number {
  const since = performance.now();
  const { status, stderr } = spawnSync(words[0] as string, words.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
  const took = performance.now() - since;
  if (status !== 0) throw new Error(`${words.join(' ')}: ${String(stderr)}`);
  return took;
}

try {
  const text = compiledText(await loadPolicy('default', fileIo([])), join(bundle.directory, 'logs/engines.log'));
  await installPolicy(policy, text);
  const compiled = JSON.parse(text) as EnginePolicy;
  const allowed = compiled.capabilities.allowed.filter((name) => name !== 'CAP_NET_BIND_SERVICE');
  // What Debian's peers read.
  const version = { ociVersion: '1.0.2' };
  bundle.write(['true'], (config) => Object.assign(config, version));
  copyFileSync(join(bundle.directory, 'config.json'), join(bundle.directory, 'bare.json'));
  bundle.write(['true'], (config) => {
    Object.assign(config, version);
    config.process.capabilities = { bounding: allowed, effective: allowed, permitted: allowed };
    config.process.rlimits = compiled.rlimits.filter(({ type }) => type !== 'RLIMIT_NOFILE');
    const { maskedPaths, readonlyPaths, limits } = compiled;
    Object.assign(config.linux, {
      maskedPaths,
      readonlyPaths,
      seccomp: seccompProfile('default', { allow: [], capabilities: [...allowed], architecture: 'x86_64' }),
    });
    config.linux.resources = {
      devices: compiled.devices.rules,
      memory: { limit: limits.memory },
      pids: { limit: limits.pids },
    };
  });
  const state = ['--root', join(bundle.directory, 'state')];
  const run = ['run', '--bundle', bundle.directory];
  const competitors: [name: string, words: readonly string[]][] = [
    ['secure-runtime, bare', [runtimeBinary(), ...state, ...run, '--config', join(bundle.directory, 'bare.json')]],
    ['secure-runtime', [runtimeBinary(), ...state, ...run]],
    ['secure-runtime, policy', [runtimeBinary(), ...state, '--policy', policy, ...run]],
    ...['crun', 'runc']
      .filter(exists)
      .map((name): [string, readonly string[]] => [name, [name, '--root', join(bundle.directory, name), ...run]]),
  ];
  const times = new Map<string, number[]>(competitors.map(([name]) => [name, []]));
  for (let i = 0; i < rounds; i += 1)
    for (const [name, words] of competitors) times.get(name)?.push(once([...words, `bench-${process.pid}-${i}`]));
  for (const [name, values] of times) console.log(`${name.padEnd(24)} ${median(values).toFixed(2)} ms`);
  const [plain, held] = ['secure-runtime', 'secure-runtime, policy'].map((name) => median(times.get(name) ?? []));
  console.log(`the policy adds ${((held ?? 0) - (plain ?? 0)).toFixed(2)} ms (goal 0.5)`);
} finally {
  bundle.remove();
}
