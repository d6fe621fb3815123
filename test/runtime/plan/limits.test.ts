// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { loadPolicy } from '../../../src/policies/index.ts';
import { planJson } from '../../../src/runtime/plan/json.ts';
import type { LimitRequest } from '../../../src/runtime/plan/types.ts';
import { filesIo, policy } from '../../policies/files.ts';
import { outcome, type Profile, plan, reason } from './facts.ts';

const limits = (given: Partial<LimitRequest>) => ({ request: { limits: { ulimits: [], ...given } } });
const ulimit = (name: string, soft: number, hard: number) => limits({ ulimits: [{ name, soft, hard }] });
const rlimit = (profile: Profile, type: string, changes = {}) =>
  plan(profile, changes).process.rlimits.find((one) => one.type === type);

test.each([
  ['memory above the policy', 'strict', limits({ memory: 2 ** 40 }), 'POLICY_DENIED'],
  ['pids above the policy', 'default', limits({ pids: 100_000 }), 'POLICY_DENIED'],
  ['unlimited pids', 'default', limits({ pids: -1 }), 'INVALID_VALUE'],
  ['no pids', 'default', limits({ pids: 0 }), 'INVALID_VALUE'],
  ['NaN', 'default', limits({ pids: Number.NaN }), 'INVALID_VALUE'],
  ['less memory than a process needs', 'default', limits({ memory: 4096 }), 'INVALID_VALUE'],
  ['unlimited swap under a bound on memory', 'default', limits({ memory: 2 ** 30, memorySwap: -1 }), 'POLICY_DENIED'],
  ['swap below memory', 'default', limits({ memory: 2 ** 30, memorySwap: 2 ** 20 }), 'INVALID_VALUE'],
  ['more cores than the host has', 'default', limits({ cpus: 3 }), 'INVALID_VALUE'],
  ['no cores', 'default', limits({ cpus: 0 }), 'INVALID_VALUE'],
  ['a cpuset that leaves its file', 'default', limits({ cpuset: '0\n1' }), 'INVALID_VALUE'],
  ['raising nofile above the policy', 'strict', ulimit('nofile', 70_000, 70_000), 'POLICY_DENIED'],
  ['raising core from 0', 'default', ulimit('core', 0, 1), 'POLICY_DENIED'],
  ['raising core to unlimited', 'default', ulimit('core', -1, -1), 'POLICY_DENIED'],
  ['raising above the host', 'baseline', ulimit('nofile', 1, 600_000), 'INVALID_VALUE'],
  ['soft above hard', 'default', ulimit('stack', 2, 1), 'INVALID_VALUE'],
  ['an unknown limit', 'default', ulimit('files', 1, 1), 'INVALID_VALUE'],
  ['lowering nofile', 'strict', ulimit('nofile', 10, 20), 'planned'],
  ['lowering memory', 'strict', limits({ memory: 2 ** 26 }), 'planned'],
  ['a limit that no policy names', 'strict', ulimit('RLIMIT_STACK', 1 << 20, 1 << 23), 'planned'],
] as const)('%s (%s)', (_, profile, changes, code) => {
  expect(outcome(profile, changes)).toBe(code);
});

test('a hard limit of the host below the policy is used and said', () => {
  const host = { rlimits: { RLIMIT_NOFILE: { soft: 512, hard: 600 } } };
  expect(rlimit('strict', 'RLIMIT_NOFILE', { host })).toEqual({ type: 'RLIMIT_NOFILE', soft: 600, hard: 600 });
  expect(reason(plan('strict', { host }), 'rlimit-nofile').why).toContain("host's hard limit");
});

test('the soft limit on files does not come from the process that plans', () => {
  expect(rlimit('baseline', 'RLIMIT_NOFILE')?.soft).toBe(1024);
});

test('unlimited is RLIM_INFINITY to the last digit', () => {
  const made = plan('baseline', ulimit('cpu', 60, -1));
  expect(planJson(made)).toContain('{"type":"RLIMIT_CPU","soft":60,"hard":18446744073709551615}');
  // Nothing else of the text differs from the plan, and no text of a user is taken for a number.
  const args = ['18446744073709552000'];
  const printed = JSON.parse(planJson(plan('baseline', { request: { ...ulimit('cpu', 60, -1).request, args } }), 2));
  expect(printed.process.args).toContain(args[0]);
  expect(JSON.parse(planJson(made))).toEqual(JSON.parse(JSON.stringify(made)));
});

test('memory never exceeds the machine, and gives no swap on top', () => {
  const { memory } = plan('default').linux.resources;
  expect(memory?.limit).toBeLessThan(8 * 2 ** 30);
  expect(memory?.swap).toBe(memory?.limit);
  expect(plan('default', limits({ memory: 2 ** 30, memorySwap: 2 ** 31 })).linux.resources.memory).toEqual({
    limit: 2 ** 30,
    swap: 2 ** 31,
  });
});

test('cores become a quota', () => {
  expect(plan('default', limits({ cpus: 0.5, cpuset: '0,1' })).linux.resources.cpu).toEqual({
    quota: 50_000,
    period: 100_000,
    cpus: '0,1',
  });
  expect(plan('strict').linux.resources.cpu).toEqual({ quota: 200_000, period: 100_000 });
  expect(plan('default').linux.resources.cpu).toBeUndefined();
});

test('a required limit without its controller ends the run, a wished one is reported', async () => {
  const host = { cgroup: { mode: 'v2', controllers: ['memory', 'cpu'] } } as const;
  expect(outcome('default', { host })).toBe('CONTROL_UNAVAILABLE');
  const made = plan('baseline', { host });
  expect(made.linux.resources.pids).toBeUndefined();
  expect(reason(made, 'pids')).toMatchObject({ status: 'unavailable', required: false });
  expect(outcome('baseline', { host, ...limits({ pids: 10 }) }), 'asked for is required').toBe('CONTROL_UNAVAILABLE');
});

test("the policy's wish for a limit is a wish only where the parent lets it be", async () => {
  const body = 'extends: baseline\nrun: {memory: {value: 1Gi, enforcement: wished}}';
  const io = filesIo({ 'a.yaml': policy(body) });
  await expect(loadPolicy('./a.yaml', io)).rejects.toMatchObject({ code: 'CEILING_EXCEEDED' });
});

test('devices: everything denied first, nothing but the standard ones after, nodes only with CAP_MKNOD', () => {
  const rules = (profile: Profile) => plan(profile).linux.resources.devices;
  expect(rules('strict')[0]).toEqual({ allow: false, access: 'rwm' });
  for (const profile of ['default', 'strict'] as const) {
    for (const rule of rules(profile).slice(1)) expect([rule.type, rule.major]).toEqual(['c', expect.any(Number)]);
  }
  expect(
    rules('baseline')
      .filter(({ major }) => major === undefined)
      .slice(1),
  ).toEqual([
    { allow: true, type: 'c', access: 'm' },
    { allow: true, type: 'b', access: 'm' },
  ]);
});
