// SPDX-License-Identifier: Apache-2.0
// Policies that extend directories, and policies of a registry: what is asked of whom, and where an error stands.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SecureError } from '../../src/errors.ts';
import { fileIo, loadPolicy, type PolicyInput, type PolicyIo, validatePolicy } from '../../src/policies/index.ts';
import { temporaryDirectory } from '../support/store.ts';
import { failure, filesIo, policy } from './files.ts';

describe('a directory', () => {
  const write = (files: Record<string, string>) => {
    const directory = temporaryDirectory();
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(directory, name, '..'), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    return directory;
  };
  const load = (directory: string, inputs: PolicyInput[] = []) => loadPolicy('./a.yaml', fileIo(inputs, directory));

  it('stands for the policies in it, in the order of their names', async () => {
    const directory = write({
      'a.yaml': policy('extends: ./team\n'),
      'team/20-b.yaml': policy('extends: default\nrun: {pids: 200}\n'),
      'team/10-a.yml': policy('extends: default\nrun: {pids: 100}\n'),
      'team/README.md': 'not a policy',
      'team/.hidden.yaml': 'neither: [',
      'team/below/c.yaml': 'nor this: [',
    });
    const inputs: PolicyInput[] = [];
    const { run, files } = await load(directory, inputs);
    expect(run.pids.value.value).toBe(100);
    expect(files.filter((name) => name.includes('/team/'))).toEqual(
      ['10-a.yml', '20-b.yaml'].map((name) => join(directory, 'team', name)),
    );
    // A plan that was made of it is one of the names in it too.
    expect(inputs).toContainEqual({
      kind: 'directory',
      path: join(directory, 'team'),
      entries: ['.hidden.yaml', '10-a.yml', '20-b.yaml', 'README.md', 'below'],
    });
  });

  it.each([
    [
      'that is empty',
      { 'a.yaml': policy('extends: [default, ./team]'), 'team/x.txt': '' },
      'POLICY_UNREADABLE',
      'a.yaml',
      3,
    ],
    ['with the file itself', { 'a.yaml': policy('extends: ./.') }, 'POLICY_CYCLE', 'a.yaml', 3],
    [
      'with one that is wrong',
      { 'a.yaml': policy('extends: ./team'), 'team/b.yaml': policy('rnu: {}') },
      'POLICY_UNKNOWN_KEY',
      'team/b.yaml',
      3,
    ],
    ['that is not there', { 'a.yaml': policy('extends: [default, ./team/]') }, 'POLICY_UNREADABLE', 'a.yaml', 3],
  ])('%s is an error with its place', async (_, files, code, file, line) => {
    const directory = write(files as Record<string, string>);
    expect(await failure(load(directory))).toMatchObject({ code, position: { file: join(directory, file), line } });
  });

  it('with a link to nothing, or a FIFO that ends in .yaml, is an error too', async () => {
    const directory = write({ 'a.yaml': policy('extends: ./team'), 'team/b.yaml': policy('extends: default') });
    symlinkSync('/nowhere', join(directory, 'team/z.yaml'));
    expect(await failure(load(directory))).toMatchObject({ code: 'POLICY_UNREADABLE', position: { line: 3 } });
  });
});

const DIGESTS = ['a', 'b', 'c'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string, string];
const at = (digest: string) => `oci://registry.example/policies/x@${digest}`;

/** A registry of texts by digest; what was required of each is noted. */
function registry(files: Record<string, string>, texts: Record<string, string>) {
  const asked: [string, string[]][] = [];
  const io: PolicyIo = {
    ...filesIo(files),
    remote: async (reference, required) => {
      const [, digest = ''] = reference.split('@');
      asked.push([digest, required.flatMap(({ keys }) => keys)]);
      const text = texts[digest];
      if (text === undefined) throw new SecureError('MANIFEST_UNKNOWN', `${reference} is not there`);
      return { text, identity: digest };
    },
    digestOf: async () => DIGESTS[0],
  };
  return { io, asked };
}

describe('a policy of a registry', () => {
  const [A, B, C] = DIGESTS;

  it('is extended by its digest, and its lines are told of by it', async () => {
    const { io, asked } = registry(
      { 'a.yaml': policy(`extends: ["${at(A)}"]`) },
      { [A]: policy('extends: strict\nrun:\n  pids: 7\n') },
    );
    const { run, files } = await loadPolicy('./a.yaml', io);
    expect(run.pids).toMatchObject({ value: { value: 7 }, by: { policy: at(A), line: 5 } });
    expect(files).toContain(at(A));
    expect(asked).toEqual([[A, []]]);
    expect((await loadPolicy(at(A), io)).run.pids.value.value).toBe(7);
    expect((await validatePolicy(at(B), io)).problems).toMatchObject([{ code: 'MANIFEST_UNKNOWN' }]);
  });

  it.each([
    ['oci://registry.example/policies/x:1', `now it is ${at(A)}`],
    ['oci://registry.example/policies/x', `now it is ${at(A)}`],
    ['oci://registry.example/policies/x@sha256:abc', 'now it is'],
    ['oci://registry.example:5000/x:1', `oci://registry.example:5000/x@${A}`],
  ])('%s is refused, since what a tag means changes, and its digest is told', async (name, hint) => {
    const { io, asked } = registry({ 'a.yaml': policy(`extends:\n  - default\n  - "${name}"`) }, {});
    const error = await failure(loadPolicy('./a.yaml', io));
    expect(error).toMatchObject({ code: 'POLICY_INVALID', position: { file: '/p/a.yaml', line: 5 } });
    expect(error.hint).toContain(hint);
    expect(asked).toEqual([]);
  });

  it('that is not there, or where nobody asks a registry, is an error at the line that names it', async () => {
    const files = { 'a.yaml': policy(`extends: "${at(B)}"`) };
    expect(await failure(loadPolicy('./a.yaml', registry(files, {}).io))).toMatchObject({
      code: 'MANIFEST_UNKNOWN',
      position: { file: '/p/a.yaml', line: 3 },
    });
    expect(await failure(loadPolicy('./a.yaml', filesIo(files)))).toMatchObject({
      code: 'POLICY_UNREADABLE',
      position: { line: 3 },
    });
  });

  it('must have the signatures that every policy above it asks for', async () => {
    const { io, asked } = registry(
      {
        'a.yaml': policy(`extends: [./b.yaml, "${at(A)}"]\nremote: {require: {cosign: {key: one.pub}}}`),
        'b.yaml': policy(`extends: ["${at(C)}"]`),
      },
      {
        [A]: policy(`extends: "${at(B)}"\nremote: {require: {cosign: {key: /two.pub}}}`),
        [B]: policy('extends: default'),
        [C]: policy('extends: default'),
      },
    );
    await loadPolicy('./a.yaml', io);
    expect(asked).toEqual([
      [C, ['/p/one.pub']],
      [A, ['/p/one.pub']],
      [B, ['/p/one.pub', '/two.pub']],
    ]);
  });

  it.each([
    ['extends: [default, ./b.yaml]', 3],
    ['extends: default\nimages: [{match: "**", require: {cosign: {key: keys/a.pub}}}]', 4],
    ['extends: default\nremote: {require: {cosign: {key: a.pub}}}', 4],
  ])('names no files, of which there are none: %s', async (body, line) => {
    const { io } = registry({ 'a.yaml': policy(`extends: "${at(A)}"`), 'b.yaml': policy('') }, { [A]: policy(body) });
    expect(await failure(loadPolicy('./a.yaml', io))).toMatchObject({
      code: 'POLICY_INVALID',
      position: { file: at(A), line },
    });
  });

  it.each([
    'remote: {require: {}}',
    'remote: {require: {cosign: {}}}',
    'remote: {require: reject}',
    'remote: {}',
    'remote: {require: {cosign: {identity: a}}}',
  ])('%s asks for nobody, and is an error', async (body) => {
    expect(
      await failure(loadPolicy('./a.yaml', filesIo({ 'a.yaml': policy(`extends: default\n${body}`) }))),
    ).toMatchObject({ code: 'POLICY_INVALID', position: { line: 4 } });
  });
});
