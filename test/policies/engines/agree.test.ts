// SPDX-License-Identifier: Apache-2.0
// secure-runtime and the decision in TypeScript, written twice on purpose, must agree on every config: each is the other's test.
import { execFileSync } from 'node:child_process';
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EngineDecision } from '../../../src/policies/engines/config.ts';
import { decideEngine } from '../../../src/policies/engines/decide.ts';
import type { EnginePolicy } from '../../../src/policies/engines/types.ts';
import { fileIo, loadPolicy } from '../../../src/policies/index.ts';
import { runtimeBinary } from '../../../src/runtime/binary.ts';
import { hostEngineFacts } from '../../../src/runtime/engine-facts.ts';
import { compiledText, installPolicy } from '../../../src/runtime/engine-policy.ts';
import { random as numbers } from '../../support/random.ts';
import { temporaryDirectory } from '../../support/store.ts';
import { type Places, randomPolicy, randomSpec } from './specs.ts';

const POLICIES = 40;
const SPECS = 250;
const ID = 'a'.repeat(64);

function makePlaces(): Places {
  const root = realpathSync(temporaryDirectory());
  const directories = [
    'srv/data',
    'bundle/rootfs',
    'docker/volumes/v/_data/below',
    'docker/165536.165536/volumes/v/_data',
    'docker/pods/p/volumes/x',
  ];
  const containers = [ID, 'f'.repeat(64)].flatMap((id) => [
    `docker/containers/${id}/mounts/secrets`,
    `docker/overlay-containers/${id}/userdata`,
  ]);
  for (const directory of [
    ...directories,
    ...containers,
    'docker/overlay2/x/merged',
    'docker/overlay2/x/diff',
    'docker/io.containerd.grpc.v1.cri/sandboxes/s',
  ])
    mkdirSync(join(root, directory), { recursive: true });
  const files = [ID, 'f'.repeat(64)].flatMap((id) =>
    ['hosts', 'hostname', 'resolv.conf', 'config.v2.json'].map((name) => `docker/containers/${id}/${name}`),
  );
  for (const file of [
    ...files,
    'srv/data/file',
    'srv/docker.sock',
    `docker/overlay-containers/${'f'.repeat(64)}/userdata/hosts`,
    'docker/io.containerd.grpc.v1.cri/sandboxes/s/hosts',
  ])
    writeFileSync(join(root, file), '');
  symlinkSync('/etc', join(root, 'srv/to-etc'));
  symlinkSync('data', join(root, 'srv/to-data'));
  return { root, bundle: join(root, 'bundle'), id: ID };
}

describe('secure-runtime under a policy', () => {
  it(`decides ${POLICIES * SPECS} configs as decideEngine does`, { timeout: 120_000 }, async () => {
    const places = makePlaces();
    const bases: EnginePolicy[] = [];
    for (const name of ['baseline', 'default', 'strict'])
      bases.push(JSON.parse(compiledText(await loadPolicy(name, fileIo([])), '')) as EnginePolicy);
    const random = numbers();
    const facts = hostEngineFacts(ID, places.bundle);
    const input = join(places.root, 'specs');
    const [seen, controls] = [{ allowed: 0, refused: 0 }, new Set<string>()];
    for (let round = 0; round < POLICIES; round += 1) {
      const policy = randomPolicy(random, bases[round % bases.length] as EnginePolicy, places);
      const directory = join(places.root, `policy-${round}`);
      await installPolicy(directory, JSON.stringify(policy));
      const specs = Array.from({ length: SPECS }, () => randomSpec(random, places));
      writeFileSync(input, specs.map((spec) => `${JSON.stringify(spec)}\n`).join(''));
      const output = execFileSync(
        runtimeBinary(),
        ['--policy', directory, 'decide', '--id', ID, '--bundle', places.bundle, input],
        {
          encoding: 'utf8',
          maxBuffer: 1 << 28,
        },
      );
      const lines = output.trimEnd().split('\n');
      expect(lines).toHaveLength(SPECS);
      for (const [i, spec] of specs.entries()) {
        const native = JSON.parse(lines[i] ?? '') as EngineDecision & { error?: string };
        const decided = decideEngine(policy, facts, spec as never);
        expect(native.error, `seed ${random.seed}: ${JSON.stringify(spec)}`).toBeUndefined();
        expect(native, JSON.stringify({ seed: random.seed, policy: { ...policy, filter: '' }, spec })).toEqual(
          JSON.parse(JSON.stringify(decided)),
        );
        seen[decided.refused.length === 0 ? 'allowed' : 'refused'] += 1;
        for (const { control } of [...decided.refused, ...decided.tightened]) controls.add(control);
      }
    }
    // Neither is rare, and everything that can be decided was.
    expect(seen.allowed).toBeGreaterThan(SPECS);
    expect(seen.refused).toBeGreaterThan(SPECS);
    expect([...controls].sort()).toEqual([
      ...[
        'annotations',
        'binds.access',
        'binds.deny',
        'binds.sources',
        'capabilities',
        'cgroup',
        'cpus',
        'engines.devices',
      ],
      ...[
        'engines.hostNamespaces',
        'engines.readOnly',
        'engines.userNamespace',
        'landlock',
        'lsm',
        'maskedPaths',
        'memory',
      ],
      ...['noNewPrivileges', 'pids', 'readonlyPaths', 'rlimits', 'seccomp.profile', 'user.nonRoot'],
    ]);
  });
});
