// SPDX-License-Identifier: Apache-2.0
// Policies that stand on one another, made up from a seed.
import { stringify } from 'yaml';
import { PROFILES } from '../../../src/policies/index.ts';
import type { Random } from '../../support/random.ts';
import { AMOUNTS, CONTROLS, KINDS, type Made } from './model.ts';

/** What a workload may be granted (policy.schema.json). */
const GRANTS = [
  'capabilities',
  'writable',
  'ports',
  'egress',
  'memory',
  'pids',
  'nofile',
  'nproc',
  'fsize',
  'seccomp.allow',
];
const BOOLEANS = ['noNewPrivileges', 'readOnly', 'noexec', 'hostAccess', 'proxy', 'user.nonRoot'];
const COUNTED = ['pids', 'memory', 'nofile', 'nproc', 'fsize'];

const subset = <T>({ int }: Random, from: readonly T[]): T[] => from.filter(() => int(3) === 0);

function quantityText({ pick }: Random): number | string {
  const n = pick([...AMOUNTS.slice(1), Infinity]);
  if (n === Infinity) return 'unlimited';
  return n % 1024 ** 3 === 0 ? `${n / 1024 ** 3}Gi` : n;
}

function value(random: Random, control: string): unknown {
  const { pick, int } = random;
  if (BOOLEANS.includes(control)) return pick([true, false]);
  if (COUNTED.includes(control)) {
    const most = quantityText(random);
    return int(4) > 0 ? most : { value: most, ...pick([{}, { enforcement: 'wished' }, { soft: 64 }]) };
  }
  const { permissions } = KINDS[control] as (typeof KINDS)[string];
  if (control === 'ports' || control === 'egress') return int(5) === 0 ? 'any' : subset(random, permissions);
  if (control === 'writable' || control === 'binds.sources')
    return subset(random, permissions).map((path) => (int(3) === 0 ? `${path}/**` : path));
  if (['capabilities', 'seccomp.allow'].includes(control)) return subset(random, permissions);
  if (control === 'maskedPaths')
    return subset(
      random,
      permissions.filter((path) => String(path).startsWith('/proc')),
    );
  if (control === 'binds.deny') return subset(random, permissions);
  return pick(permissions);
}

function values(random: Random, from: readonly string[], most: number): Record<string, unknown> {
  const names = Array.from({ length: random.int(most + 1) }, () => random.pick(from));
  return Object.fromEntries(names.map((name) => [name, value(random, name)]));
}

/** Files of which each stands on some of those behind it and on profiles; the first one is asked for. */
export function makePolicies(random: Random): Made[] {
  const { int, pick } = random;
  const count = 1 + int(4);
  return Array.from({ length: count }, (_, i): Made => {
    const behind = Array.from({ length: count - i - 1 }, (_, j) => `f${i + j + 1}.yaml`);
    const parents = [...behind.filter(() => int(2) === 0), ...PROFILES.filter(() => int(4) === 0)];
    const workload = () => ({
      match: pick(['localhost/app', 'localhost/**', 'docker.io/library/nginx']),
      grants: values(random, GRANTS, 3),
    });
    return {
      name: `f${i}.yaml`,
      extends: parents.length === 0 && int(3) > 0 ? [pick(PROFILES)] : parents.sort(() => int(3) - 1),
      run: values(random, CONTROLS, 2),
      ceilings: values(
        random,
        CONTROLS.filter((name) => !['maskedPaths', 'binds.deny'].includes(name)),
        3,
      ),
      workloads: Array.from({ length: pick([0, 0, 1, 2]) }, workload),
    };
  });
}

function tree(flat: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(flat)) {
    const [outer = '', inner] = name.split('.');
    if (inner === undefined) out[outer] = one;
    else out[outer] = { ...(out[outer] as object), [inner]: one };
  }
  return out;
}

/** The text of a file; each value on a line of its own. */
export function textOf({ extends: parents, run, ceilings, workloads }: Made): string {
  const whole = {
    apiVersion: 'secure/v1',
    kind: 'Policy',
    ...(parents.length === 0 ? {} : { extends: parents.map((name) => (name.endsWith('.yaml') ? `./${name}` : name)) }),
    run: { ...tree(run), ceilings: tree(ceilings) },
    workloads: workloads.map(({ match, grants }) => ({ match, ...tree(grants) })),
  };
  return stringify(whole);
}
