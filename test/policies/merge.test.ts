// SPDX-License-Identifier: Apache-2.0
// The one rule of composition: tighten freely, loosen within declared ceilings.
import { expect, test } from 'vitest';
import { loadPolicy } from '../../src/policies/index.ts';
import { failure, filesIo, policy } from './files.ts';

const load = (files: Record<string, string>) => loadPolicy('./a.yaml', filesIo(files));

test.each([
  ['extends: strict\nrun: {capabilities: [CHOWN]}', 'capabilities'],
  ['extends: strict\nrun: {readOnly: false}', 'readOnly'],
  ['extends: strict\nrun: {noNewPrivileges: false}', 'noNewPrivileges'],
  ['extends: strict\nrun: {user: {nonRoot: false}}', 'user.nonRoot'],
  ['extends: strict\nrun: {user: {namespace: wished}}', 'user.namespace'],
  ['extends: strict\nrun: {seccomp: {profile: default}}', 'seccomp.profile'],
  ['extends: strict\nrun: {seccomp: {allow: [debug]}}', 'seccomp.allow'],
  ['extends: strict\nrun: {landlock: {files: wished}}', 'landlock.files'],
  ['extends: strict\nrun: {memory: unlimited}', 'memory'],
  ['extends: strict\nrun: {memory: {value: 1Gi, enforcement: wished}}', 'memory'],
  ['extends: strict\nrun: {origins: {pulled: accept}}', 'origins.pulled'],
  ['extends: strict\nrun: {binds: {sources: ["/home/**"]}}', 'binds.sources'],
  ['extends: strict\nrun: {binds: {access: read-write}}', 'binds.access'],
  ['extends: strict\nrun: {lsm: wished}', 'lsm'],
  ['extends: strict\nrun: {ports: any}', 'ports'],
  ['extends: strict\nrun: {ceilings: {capabilities: [SYS_ADMIN]}}', 'capabilities'],
  ['extends: [strict, baseline]\nrun: {readOnly: false}', 'readOnly'],
  ['extends: default\nrun: {capabilities: [SYS_ADMIN]}', 'capabilities'],
])('%s goes beyond', async (body, control) => {
  const error = await failure(load({ 'a.yaml': policy(body) }));
  expect(error.code).toBe('CEILING_EXCEEDED');
  expect(error.message).toContain(`${control}:`);
  expect(error.message, 'the file that asks').toContain('/p/a.yaml:4');
  expect(error.message, 'the file that bounds').toMatch(/builtin:(strict|default):\d+/);
});

test.each([
  'extends: strict\nrun: {binds: {sources: ["/srv/data"]}}',
  'extends: strict\nrun: {memory: 512Mi, pids: 10, ceilings: {memory: 1Gi}}',
  'extends: default\nrun: {capabilities: [CHOWN, NET_RAW]}',
  'extends: default\nrun: {readOnly: false}',
])('%s is within', async (body) => {
  expect((await load({ 'a.yaml': policy(body) })).run).toBeDefined();
});

test('what a file sets bounds the files that extend it, unless it declares a ceiling', async () => {
  const child = policy('extends: ./b.yaml\nrun: {memory: 2Gi}');
  const closed = { 'a.yaml': child, 'b.yaml': policy('extends: default\nrun: {memory: 1Gi}') };
  const open = { 'a.yaml': child, 'b.yaml': policy('extends: default\nrun: {memory: 1Gi, ceilings: {memory: 4Gi}}') };
  const error = await failure(load(closed));
  expect(error.message).toMatch(/a\.yaml:4.*b\.yaml:4/s);
  expect((await load(open)).run.memory.value.value).toBe(2 * 2 ** 30);
});

test('a parent that leaves a ceiling out of a tighter one does not open it again', async () => {
  const files = {
    'a.yaml': policy('extends: ./b.yaml\nrun: {capabilities: [NET_RAW]}'),
    'b.yaml': policy('extends: default\nrun: {ceilings: {capabilities: [MKNOD]}}'),
  };
  expect((await failure(load(files))).code).toBe('CEILING_EXCEEDED');
});

test('refusals add up: nobody can unmask or allow what a parent denies', async () => {
  const body = 'extends: strict\nrun:\n  maskedPaths: [/proc/cpuinfo]\n  binds: {deny: []}';
  const { run } = await load({ 'a.yaml': policy(body) });
  expect(run.maskedPaths.value).toContain('/proc/kcore');
  expect(run.maskedPaths.value).toContain('/proc/cpuinfo');
  expect(run['binds.deny'].value).toContain('/etc');
});

test("a file's own workloads are measured when it is read, whatever image is run", async () => {
  const body = 'extends: strict\nworkloads:\n  - match: "x:*"\n    capabilities: [SYS_ADMIN]';
  expect(await failure(load({ 'a.yaml': policy(body) }))).toMatchObject({
    code: 'CEILING_EXCEEDED',
    position: { line: 6 },
  });
});

test('a parent that says only how far others may go bounds its neighbours as well', async () => {
  const files = {
    'a.yaml': policy('extends: [default, ./b.yaml]\nrun: {capabilities: [CHOWN]}'),
    'b.yaml': policy('run: {ceilings: {capabilities: [CHOWN], memory: 1Gi}}'),
  };
  const { run } = await load(files);
  expect(run.memory).toMatchObject({ value: { value: 2 ** 30 }, by: { policy: '/p/b.yaml' } });
  const more = { ...files, 'a.yaml': policy('extends: [default, ./b.yaml]\nrun: {capabilities: [SETUID]}') };
  expect((await failure(load(more))).message).toContain('/p/b.yaml:3');
});
