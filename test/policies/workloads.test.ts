// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { findWorkload, grantWorkload, loadPolicy, matchesReference } from '../../src/policies/index.ts';
import { failure, filesIo, policy } from './files.ts';

test.each([
  ['docker.io/library/nginx:*', 'docker.io/library/nginx:1.27', true],
  ['docker.io/library/nginx:*', 'docker.io/library/nginx@sha256:abc', true],
  ['docker.io/library/nginx:*', 'docker.io/library/nginx:1.27@sha256:abc', true],
  ['docker.io/library/nginx:*', 'docker.io/library/nginx-evil:1', false],
  ['docker.io/library/nginx:*', 'evil.example/docker.io/library/nginx:1', false],
  ['localhost/nginx:*', 'localhost:5000/nginx:1', false],
  ['localhost:5000/nginx:1.*', 'localhost:5000/nginx:1.2', true],
  ['localhost:5000/nginx:1.*', 'localhost:5000/nginx:2.1', false],
  ['localhost:5000/nginx', 'localhost:5000/nginx:2', true],
  ['ghcr.io/acme/*', 'ghcr.io/acme/tool:1', true],
  ['ghcr.io/acme/*', 'ghcr.io/acme/a/b:1', false],
  ['ghcr.io/acme/**', 'ghcr.io/acme/a/b:1', true],
  ['ghcr.io/acme/**', 'ghcr.io/acme-evil/a:1', false],
  ['**/nginx:*', 'a/b/nginx:1', true],
])('%s and %s: %s', (pattern, reference, matches) => {
  expect(matchesReference(pattern, reference)).toBe(matches);
});

test('a pattern of stars takes no exponential time', () => {
  // Backtracking would take longer than the test may.
  expect(matchesReference(`${'*a'.repeat(50)}b:1`, `${'a'.repeat(2000)}:1`)).toBe(false);
});

test('a grant adds to sets, leaves "any" alone and replaces limits', async () => {
  const files = (parent: string) => ({
    'a.yaml': policy(
      `extends: ${parent}\nrun: {memory: 1Gi, ceilings: {memory: 2Gi}}\nworkloads:\n  - {match: "x:*", ports: [80], writable: [/run], memory: 2Gi}`,
    ),
  });
  const open = await loadPolicy('./a.yaml', filesIo(files('default')));
  const workload = findWorkload(open, 'x:1');
  if (workload === undefined) throw new Error('no workload');
  const { run } = grantWorkload(open, workload);
  expect(run.ports.value).toBe('any');
  expect(run.writable.value).toEqual(['/tmp', '/run']);
  expect(run.memory).toMatchObject({ value: { value: 2 ** 31 }, by: { policy: '/p/a.yaml', line: 6 } });
});

test('an inherited recipe beyond a narrowed ceiling is refused when its image runs, not before', async () => {
  const narrowed = await loadPolicy(
    './a.yaml',
    filesIo({ 'a.yaml': policy('extends: strict\nrun: {writable: [/tmp]}') }),
  );
  expect(findWorkload(narrowed, 'localhost/other:1')).toBeUndefined();
  const recipe = findWorkload(narrowed, 'localhost/nginx:1');
  if (recipe === undefined) throw new Error('no recipe');
  const error = await failure((async () => grantWorkload(narrowed, recipe))());
  expect(error.code).toBe('CEILING_EXCEEDED');
  expect(error.message).toContain('/p/a.yaml:4');
});

test('the nearest file that names an image decides', async () => {
  const body = 'extends: strict\nworkloads:\n  - {match: "localhost/nginx:*", ports: [80]}';
  const mine = await loadPolicy('./a.yaml', filesIo({ 'a.yaml': policy(body) }));
  expect(findWorkload(mine, 'localhost/nginx:1')?.by).toMatchObject({ policy: '/p/a.yaml', line: 5 });
});

test('an optional workload leaves out what the ceilings do not allow', async () => {
  const narrowed = await loadPolicy(
    './a.yaml',
    filesIo({ 'a.yaml': policy('extends: default\nrun: {ports: [8443]}') }),
  );
  const recipe = findWorkload(narrowed, 'localhost/busybox:latest');
  if (recipe === undefined) throw new Error('no recipe');
  expect(grantWorkload(narrowed, recipe).run.ports).toMatchObject({ value: [8443], by: { policy: '/p/a.yaml' } });
  const strict = await loadPolicy('strict', filesIo({}));
  expect(grantWorkload(strict, recipe).run.ports.value).toEqual([80, 8080]);
});

test('where ports are published, a workload only narrows', async () => {
  const body = (rule: string) => policy(`extends: baseline\nworkloads:\n  - {match: "x:*", publishAddress: ${rule}}`);
  const rule = async (parent: string, own: string) => {
    const { workloads } = await loadPolicy('./a.yaml', filesIo({ 'a.yaml': body(own) }));
    const [workload] = workloads;
    if (workload === undefined) throw new Error('no workload');
    return grantWorkload(await loadPolicy(parent, filesIo({})), workload).run.publishAddress;
  };
  expect(await rule('baseline', 'ask')).toMatchObject({ value: 'ask', by: { policy: '/p/a.yaml', line: 5 } });
  expect(await rule('strict', 'ask')).toMatchObject({ value: 'loopback', by: { policy: 'builtin:strict' } });
  expect(await rule('default', 'loopback')).toMatchObject({ value: 'loopback' });
});

test('redis is not published beyond the host unless an address is given', async () => {
  const baseline = await loadPolicy('baseline', filesIo({}));
  for (const reference of ['localhost/redis:latest', 'docker.io/library/redis:8']) {
    const recipe = findWorkload(baseline, reference);
    if (recipe === undefined) throw new Error('no recipe');
    expect(grantWorkload(baseline, recipe).run.publishAddress.value).toBe('ask');
  }
});
