// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import schema from '../../schemas/policy.schema.json' with { type: 'json' };
import { CONTROL_NAMES } from '../../src/policies/controls.ts';
import { readPolicy } from '../../src/policies/file.ts';
import { BUILTINS, builtinText, fileIo, loadPolicy, PROFILES } from '../../src/policies/index.ts';
import { excesses } from '../../src/policies/merge.ts';
import type { Ports } from '../../src/policies/types.ts';

test.each(PROFILES)('%s says every control itself, so that every reason has a line', async (name) => {
  const policy = await loadPolicy(name, fileIo([]));
  const by = CONTROL_NAMES.map((control) => policy.run[control].by.policy);
  expect(new Set(by)).toEqual(new Set([`builtin:${name}`]));
});

test('strict is within default, and default within baseline, in every control', async () => {
  const [baseline, standard, strict] = await Promise.all(PROFILES.map((name) => loadPolicy(name, fileIo([]))));
  if (!baseline || !standard || !strict) throw new Error('unreachable');
  expect(excesses(standard.run, baseline.run, {})).toEqual([]);
  expect(excesses(strict.run, standard.run, {})).toEqual([]);
  expect(excesses(strict.ceilings, standard.run, standard.ceilings)).toEqual([]);
});

test('every shipped workload fits the ceilings of the policies that extend it', async () => {
  for (const name of PROFILES) {
    const { workloads, run, ceilings } = await loadPolicy(name, fileIo([]));
    // Where ports are published a workload only narrows.
    for (const { publishAddress: _, ...grants } of workloads.map((workload) => workload.grants))
      expect(excesses(grants, run, ceilings)).toEqual([]);
  }
});

test('the ceilings of strict are no wider than the shipped workloads, declared data and approved images need', async () => {
  const { ceilings } = await readPolicy(builtinText('strict'), 'builtin:strict');
  const { run } = await loadPolicy('strict', fileIo([]));
  const recipes = await Promise.all(BUILTINS.map((name) => readPolicy(builtinText(name), name)));
  const granted = recipes.flatMap(({ workloads }) => workloads.flatMap(({ grants }) => grants.writable?.value ?? []));
  expect(new Set(ceilings.writable?.value)).toEqual(new Set([...run.writable.value, ...granted]));
  const list = (ports: Ports | undefined): readonly number[] => (Array.isArray(ports) ? ports : []);
  const ports = recipes.flatMap(({ workloads }) => workloads.flatMap(({ grants }) => list(grants.ports?.value)));
  expect(new Set(list(ceilings.ports?.value))).toEqual(new Set(ports));
  // Underneath other engines: what they may not be able to give.
  const engines = ['engines.userNamespace', 'engines.readOnly', 'engines.roots'];
  expect(Object.keys(ceilings)).toEqual([
    ...['writable', 'ports', 'publishAddress', 'origins.imported', 'binds.sources'],
    ...engines,
  ]);
});

test('schema and controls name the same keys', () => {
  const keys = Object.entries(schema.$defs.controls.properties).flatMap(([key, value]) =>
    'properties' in value ? Object.keys(value.properties).map((inner) => `${key}.${inner}`) : [key],
  );
  expect(keys.sort()).toEqual([...CONTROL_NAMES].sort());
  const { ceilings, ...run } = schema.properties.run.properties;
  expect(ceilings.$ref).toBe('#/$defs/controls');
  expect(run).toEqual(schema.$defs.controls.properties);
});

test('strict is the table of the three profiles', async () => {
  const { run } = await loadPolicy('strict', fileIo([]));
  expect(run['user.nonRoot'].value && run.readOnly.value && run.noexec.value && run.noNewPrivileges.value).toBe(true);
  expect(run.capabilities.value).toEqual([]);
  expect(run['landlock.files'].value).toBe('required');
  expect(run['origins.pulled'].value).toBe('signature');
  expect(run['binds.sources'].value).toEqual([]);
});

test('default drops what the table names', async () => {
  const { run } = await loadPolicy('default', fileIo([]));
  for (const name of ['NET_RAW', 'MKNOD', 'AUDIT_WRITE', 'SETFCAP', 'SETPCAP'])
    expect(run.capabilities.value).not.toContain(name);
});

test('baseline gives the thirteen of Pod Security Standards Baseline', async () => {
  const { run } = await loadPolicy('baseline', fileIo([]));
  expect(run.capabilities.value).toHaveLength(13);
  expect(run.capabilities.value).not.toContain('NET_RAW');
});
