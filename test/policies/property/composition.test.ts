// SPDX-License-Identifier: Apache-2.0
// Whatever stands on whatever: nothing is given that a policy below does not permit, a request adds nothing to it, and the plan tells who gave what.
import { beforeAll, expect, test } from 'vitest';
import { SecureError } from '../../../src/errors.ts';
import { type EffectivePolicy, findWorkload, grantWorkload, loadPolicy } from '../../../src/policies/index.ts';
import { plan } from '../../runtime/plan/facts.ts';
import { random } from '../../support/random.ts';
import { filesIo } from '../files.ts';
import { makePolicies, textOf } from './generate.ts';
import { AMOUNTS, CONTROLS, KINDS, type Made, Model, permissionsOf } from './model.ts';
import { makeRequest, permissionsOfPlan } from './request.ts';

const ROUNDS = 1500;
const PLANS = 6;
const IMAGE = 'localhost/app:latest';

const load = (files: readonly Made[]): Promise<EffectivePolicy> =>
  loadPolicy('/p/f0.yaml', filesIo(Object.fromEntries(files.map((file) => [file.name, textOf(file)]))));

async function outcome<T>(work: () => T | Promise<T>): Promise<T | SecureError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SecureError) return error;
    throw error;
  }
}

const drawn = Array.from({ length: ROUNDS }, (_, i) => {
  const chance = random(i + 1);
  const files = makePolicies(chance);
  const told = `seed ${i + 1}\n${files.map((file) => `--- ${file.name}\n${textOf(file)}`).join('')}`;
  return { chance, files, told };
});
const loaded: (EffectivePolicy | SecureError)[] = [];
beforeAll(async () => {
  for (const { files } of drawn) loaded.push(await outcome(() => load(files)));
}, 300_000);
/** The policies that are taken. */
const taken = () =>
  drawn.flatMap((one, i) => {
    const policy = loaded[i] as EffectivePolicy | SecureError;
    return policy instanceof SecureError ? [] : [{ ...one, policy }];
  });

test('no composition gives what a policy below does not permit', { timeout: 120_000 }, async () => {
  let [given, refused] = [0, 0];
  for (const [i, { files, told }] of drawn.entries()) {
    const model = new Model(files);
    const policy = loaded[i] as EffectivePolicy | SecureError;
    if (policy instanceof SecureError) {
      // Each way to a file counts: four files have more than 64.
      if (policy.message.includes('more than 64')) continue;
      expect(policy.code, told).toBe('CEILING_EXCEEDED');
      // One that refuses everything would be right otherwise.
      expect(model.beyond(), told).not.toEqual([]);
      refused += 1;
      continue;
    }
    const workload = findWorkload(policy, IMAGE);
    const granted = workload === undefined ? policy : await outcome(() => grantWorkload(policy, workload));
    if (granted instanceof SecureError) {
      expect(granted.code).toBe('CEILING_EXCEEDED');
      continue;
    }
    given += 1;
    for (const control of CONTROLS) {
      const { value } = granted.run[control as keyof typeof granted.run];
      const wrong = permissionsOf(control, value).filter((permission) => !model.permits(model.top, permission));
      expect(wrong, told).toEqual([]);
    }
  }
  expect(given, 'policies that were taken').toBeGreaterThan(ROUNDS / 20);
  expect(refused, 'policies that were not').toBeGreaterThan(ROUNDS / 20);
});

const HOST = { memoryTotal: 2 ** 50, rlimits: {} };
const IMAGE_FACTS = { image: { reference: IMAGE, origin: 'built' as const }, config: { exposedPorts: [] }, host: HOST };

test('no request adds to what the policy gives', { timeout: 120_000 }, async () => {
  let [planned, denied] = [0, 0];
  for (const { chance, told, policy } of taken()) {
    const workload = findWorkload(policy, IMAGE);
    const granted = workload === undefined ? policy : await outcome(() => grantWorkload(policy, workload));
    if (granted instanceof SecureError) continue;
    for (let i = 0; i < PLANS; i += 1) {
      const request = makeRequest(chance);
      const made = await outcome(() => plan('default', { ...IMAGE_FACTS, policy, request }));
      if (made instanceof SecureError) {
        denied += 1;
        continue;
      }
      planned += 1;
      const wrong = permissionsOfPlan(made, AMOUNTS).filter(([control, what]) => {
        const kind = KINDS[control];
        const { value } = granted.run[control as keyof typeof granted.run];
        return kind?.permissions.includes(what) === true && !kind.has(value, what);
      });
      expect(wrong, `${JSON.stringify(request)} ${told}`).toEqual([]);
    }
  }
  expect(planned).toBeGreaterThan(ROUNDS / 5);
  expect(denied).toBeGreaterThan(ROUNDS / 5);
});

test('every grant is in the reasons, with the line that makes it', { timeout: 120_000 }, async () => {
  let grants = 0;
  for (const { files, told, policy } of taken()) {
    const model = new Model(files);
    const texts = new Map(files.map((file) => [`/p/${file.name}`, textOf(file).split('\n')]));
    const workload = findWorkload(policy, IMAGE);
    const made = await outcome(() => plan('default', { ...IMAGE_FACTS, policy }));
    if (made instanceof SecureError) continue;
    const granted = workload === undefined ? policy : grantWorkload(policy, workload);
    // What the profiles below, taken together, do not give.
    const bases = [...model.below(model.top)].filter(({ name }) => !name.endsWith('.yaml'));
    for (const control of CONTROLS) {
      const { value } = granted.run[control as keyof typeof granted.run];
      const more = permissionsOf(control, value).filter((one) =>
        bases.some((base) => model.gives(base, one) === false),
      );
      if (more.length === 0) continue;
      grants += 1;
      const key = control.split('.').at(-1);
      const said = made.secure.reasons.filter(({ control: name }) => name === `grant ${control}`);
      const lines = said.map(({ by }) => texts.get(by.policy)?.[(by.line ?? 0) - 1]?.trim());
      expect(lines, `${control} ${more.join(' ')} ${told}`).toEqual([
        expect.stringMatching(new RegExp(`^(?:- )?${key}:`)),
      ]);
    }
  }
  expect(grants).toBeGreaterThan(ROUNDS / 20);
});
