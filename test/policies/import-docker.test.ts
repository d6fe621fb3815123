// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { importDocker } from '../../src/policies/import/docker/convert.ts';
import { policyText } from '../../src/policies/import/text.ts';
import { loadPolicy } from '../../src/policies/index.ts';
import { codeOf } from '../support/store.ts';
import { filesIo } from './files.ts';

const convert = (config: unknown) =>
  importDocker(typeof config === 'string' ? config : JSON.stringify(config, null, 2), 'daemon.json', filesIo({}));
/** What containers get by it: it has to load, whatever was in the file. */
async function loaded(config: unknown) {
  const imported = await convert(config);
  const { run } = await loadPolicy('./d.yaml', filesIo({ 'd.yaml': await policyText(imported, 'daemon.json') }));
  return { run, notes: imported.notes, policy: imported.policy };
}
const kinds = (notes: readonly { kind: string; part: string }[]) => notes.map(({ kind, part }) => [kind, part]);

describe('daemon.json of docker', () => {
  it('gives limits, filter, ids and addresses', async () => {
    const { run, notes } = await loaded({
      'no-new-privileges': true,
      'userns-remap': 'default',
      'seccomp-profile': 'builtin',
      'selinux-enabled': true,
      ip: '127.0.0.1',
      'default-ulimits': {
        nofile: { Name: 'nofile', Hard: 4096, Soft: 512 },
        nproc: { Name: 'nproc', Hard: 100, Soft: 100 },
        memlock: { Hard: -1, Soft: -1 },
      },
    });
    expect(run.nofile.value).toMatchObject({ value: 4096, soft: 512 });
    expect(run.nproc.value).toMatchObject({ value: 100 });
    expect(run.memlock.value.value).toBe(Number.POSITIVE_INFINITY);
    expect([run.lsm.value, run.publishAddress.value, run['user.namespace'].value]).toEqual([
      'required',
      'ask',
      'required',
    ]);
    expect(kinds(notes)).toEqual([['note', 'userns-remap']]);
  });

  it('never makes anything looser than the policy below allows, and says so', async () => {
    const { run, notes } = await loaded({
      'default-ulimits': { nofile: { Hard: 1048576, Soft: 1048576 } },
      ip: '0.0.0.0',
    });
    expect(run.nofile.value).toMatchObject({ soft: 1024 });
    expect(run.publishAddress.value).toBe('any');
    expect(notes).toMatchObject([
      { kind: 'lost', part: 'default-ulimits.nofile', line: 3, message: expect.stringContaining('looser than') },
    ]);
  });

  it.each([
    [{ 'seccomp-profile': 'unconfined' }, 'lost'],
    [{ 'seccomp-profile': '/etc/docker/seccomp.json' }, 'lost'],
    [{ 'default-ulimits': { stack: { Hard: 1, Soft: 1 } } }, 'lost'],
    [{ 'default-ulimits': { nofile: { Hard: -2, Soft: 1 } } }, 'lost'],
    [{ 'default-ulimits': { nofile: { Hard: 'x' } } }, 'lost'],
    [{ 'authorization-plugins': ['x'] }, 'lost'],
    [{ 'default-shm-size': '1G' }, 'lost'],
    [{ ip: '10.0.0.1' }, 'lost'],
    [{ 'something-new': true }, 'lost'],
    [{ __proto__x: 1, constructor: 2 }, 'lost'],
    [{ icc: false }, 'note'],
    [{ 'default-address-pools': [{ base: '10.0.0.0/8', size: 24 }] }, 'note'],
    [{ 'no-new-privileges': false }, 'note'],
    [
      {
        'log-driver': 'journald',
        'live-restore': true,
        'data-root': '/x',
        hosts: [],
        tlsverify: true,
        'insecure-registries': [],
      },
      'note',
    ],
  ])('tells of %j: %s', async (config, kind) => {
    const { notes, policy } = await loaded(config);
    expect(notes).toHaveLength(Object.keys(config).length);
    expect(new Set(notes.map((one) => one.kind))).toEqual(new Set([kind]));
    if (kind === 'note') expect(policy.run).toBeUndefined();
  });

  it.each(['[]', 'null', '{', '{"a":1,"a":2}', '// comment\n{}'])('refuses %s', async (text) => {
    expect(await codeOf(() => convert(text))).toBe('POLICY_SYNTAX');
  });
});
