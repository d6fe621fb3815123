// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { builtinId, RECIPES } from '../../src/policies/builtin.ts';
import { loadPolicy, validatePolicy } from '../../src/policies/index.ts';
import { failure, filesIo, policy } from './files.ts';

const load = (files: Record<string, string>, name = './a.yaml') => loadPolicy(name, filesIo(files));

test('an unknown name is answered with the nearest and the list', async () => {
  const error = await failure(loadPolicy('strictt', filesIo({})));
  expect(error.code).toBe('PROFILE_UNKNOWN');
  expect(error.message).toContain('"strict"');
  expect(error.hint).toContain('baseline, default, strict');
});

test('a recipe is no profile', async () => {
  expect((await failure(loadPolicy('nginx', filesIo({})))).code).toBe('PROFILE_UNKNOWN');
});

test('a name is never looked for as a file', async () => {
  expect((await failure(loadPolicy('mine', filesIo({ mine: policy('') })))).code).toBe('PROFILE_UNKNOWN');
});

test('a policy without extends is measured against default: leaving something out loosens nothing', async () => {
  const { run } = await load({ 'a.yaml': policy('run: {memory: 1Gi}') });
  expect(run.memory).toMatchObject({ value: { value: 2 ** 30 }, by: { policy: '/p/a.yaml', line: 3 } });
  expect(run.readOnly).toMatchObject({ value: true, by: { policy: 'builtin:default' } });
});

test('a complete policy that stands on no profile is measured against default, whatever else it extends', async () => {
  const text = readFileSync('src/policies/builtin/baseline.yaml', 'utf8');
  const complete = text
    .replace('hostAccess: false', 'hostAccess: true')
    .replace('noNewPrivileges: true', 'noNewPrivileges: false');
  for (const parents of ['extends: nginx', '']) {
    const own = complete.replace(/^extends: .*$/m, parents);
    const error = await failure(load({ 'a.yaml': own }));
    expect(error.code).toBe('CEILING_EXCEEDED');
    expect(error.message).toContain('noNewPrivileges');
    // Behind another file it is one of several parents: the tightest counts.
    const { run, files } = await load({ 'a.yaml': policy('extends: ./b.yaml'), 'b.yaml': own });
    expect([run.hostAccess.value, run.noNewPrivileges.value, run.readOnly.value]).toEqual([false, true, true]);
    expect(files).toContain('builtin:default');
  }
});

test('extends is relative to the file that says it', async () => {
  const files = {
    'a.yaml': policy('extends: teams/web.yaml'),
    'teams/web.yaml': policy('extends: ../base.yaml'),
    'base.yaml': policy('extends: strict'),
  };
  const { files: chain } = await load(files);
  expect(chain).toEqual([
    '/p/a.yaml',
    '/p/teams/web.yaml',
    '/p/base.yaml',
    'builtin:strict',
    ...RECIPES.map(builtinId),
  ]);
});

test('several parents are taken at their tightest, and the line is that of the tighter one', async () => {
  const team = policy('extends: default\nrun:\n  pids: 100\n  capabilities: [CHOWN]');
  const { run } = await load({ 'a.yaml': policy('extends: [strict, ./team.yaml]'), 'team.yaml': team });
  expect(run.pids).toMatchObject({ value: { value: 100 }, by: { policy: '/p/team.yaml', line: 5 } });
  expect(run.capabilities).toMatchObject({ value: [], by: { policy: 'builtin:strict' } });
});

test('a cycle is shown as a chain, at the line that closes it', async () => {
  const files = { 'a.yaml': policy('extends: ./b.yaml'), 'b.yaml': policy('metadata: {}\nextends:\n  - ./a.yaml') };
  const error = await failure(load(files));
  expect(error).toMatchObject({ code: 'POLICY_CYCLE', position: { file: '/p/b.yaml', line: 5 } });
  expect(error.message).toContain('/p/a.yaml -> /p/b.yaml -> /p/a.yaml');
});

test('a cycle through another name of the same file is one', async () => {
  const io = filesIo({ 'a.yaml': policy('extends: ./link.yaml') }, { '/p/link.yaml': '/p/a.yaml' });
  expect((await failure(loadPolicy('./a.yaml', io))).code).toBe('POLICY_CYCLE');
});

test('chains and fans are bounded', { timeout: 60_000 }, async () => {
  const chain = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`c${i}.yaml`, policy(`extends: ./c${i + 1}.yaml`)]),
  );
  expect((await failure(load(chain, './c0.yaml'))).code).toBe('POLICY_CYCLE');
  const layer = (i: number): string =>
    policy(
      `extends: [${Array(8)
        .fill(`./f${i + 1}.yaml`)
        .join(', ')}]`,
    );
  const fan = { 'f0.yaml': layer(0), 'f1.yaml': layer(1), 'f2.yaml': layer(2), 'f3.yaml': policy('extends: default') };
  expect((await failure(load(fan, './f0.yaml'))).code).toBe('POLICY_INVALID');
});

test('a parent that is not there is reported where it is named', async () => {
  const error = await failure(load({ 'a.yaml': policy('extends: [default, ./gone.yaml]') }));
  expect(error).toMatchObject({ code: 'POLICY_UNREADABLE', position: { file: '/p/a.yaml', line: 3, column: 20 } });
});

test.each([
  ['images', 'images: [{match: "a/**"}]'],
  ['rules', 'rules: [{id: x}]'],
  ['exceptions', 'exceptions: [{rule: x}]'],
  ['tests', 'tests: [{name: x}]'],
])('%s without what they need are refused', async (_, body) => {
  expect((await failure(load({ 'a.yaml': policy(body) }))).code).toBe('POLICY_INVALID');
});

test.each([
  ['run: {memroy: 1}', 'POLICY_UNKNOWN_KEY', 'memory'],
  ['run: {landlock: {file: off}}', 'POLICY_UNKNOWN_KEY', 'files'],
  ['wrkloads: []', 'POLICY_UNKNOWN_KEY', 'workloads'],
  ['run: {__proto__: 1}', 'POLICY_UNKNOWN_KEY', '__proto__'],
  ['run: {capabilities: [NET_ADMN]}', 'POLICY_INVALID', 'NET_ADMIN'],
  ['run: {seccomp: {allow: [debgu]}}', 'POLICY_INVALID', 'debug'],
  ['run: {memory: -1}', 'POLICY_INVALID', 'memory'],
  ['run: {memory: 1.5Gi}', 'POLICY_INVALID', '1.5Gi'],
  ['run: {memory: 99999999999999999999}', 'POLICY_INVALID', 'memory'],
  ['run: {writable: ["/a/../etc"]}', 'POLICY_INVALID', '..'],
  ['run: {writable: ["/a/**/b"]}', 'POLICY_INVALID', '/a/**/b'],
  ['run: {writable: ["/a,b"]}', 'POLICY_INVALID', '/a,b'],
  ['run: {user: {default: "0:0"}}', 'POLICY_INVALID', '0:0'],
  ['run: {ports: [0]}', 'POLICY_INVALID', 'port'],
  ['run: {network: host}', 'POLICY_INVALID', 'host'],
  ['requires: {secure: ">=99"}', 'POLICY_INVALID', '>=99'],
  ['requires: {secure: "newest"}', 'POLICY_INVALID', 'newest'],
  ['extends: [stritc]', 'PROFILE_UNKNOWN', 'strict'],
])('%s: %s', async (body, code, named) => {
  const error = await failure(load({ 'a.yaml': policy(body) }));
  expect(error).toMatchObject({ code, position: { file: '/p/a.yaml', line: 3 } });
  expect(error.message).toContain(named);
});

test('validate tells everything that is wrong, in the order of the file', async () => {
  const body = 'run:\n  memroy: 1\n  pids: x\n  readOnly: 3\n';
  const { problems } = await validatePolicy('./a.yaml', filesIo({ 'a.yaml': policy(body) }));
  expect(problems.map(({ code, line, column }) => [code, line, column])).toEqual([
    ['POLICY_UNKNOWN_KEY', 4, 3],
    ['POLICY_INVALID', 5, 9],
    ['POLICY_INVALID', 6, 13],
  ]);
});
