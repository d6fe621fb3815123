// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { CONTROLS } from '../../src/policies/controls.ts';
import { type Lattice, pathWithin } from '../../src/policies/lattice.ts';

/** Values of each kind of control, as files write them. */
const SAMPLES: Readonly<Record<string, readonly unknown[]>> = {
  boolean: [true, false],
  capabilities: [[], ['CHOWN'], ['CHOWN', 'KILL'], ['NET_RAW']],
  paths: [[], ['/a'], ['/a/**'], ['/a/b'], ['/**'], ['/b', '/a/b/**']],
  ports: [[], [80], [80, 443], 'any'],
  limit: [0, 5, '1Ki', 'unlimited', { value: 5, enforcement: 'wished' }, { value: 5, soft: 2 }],
};

const samplesOf = (name: string): readonly unknown[] => {
  const raw = {
    capabilities: SAMPLES.capabilities,
    writable: SAMPLES.paths,
    ports: SAMPLES.ports,
    pids: SAMPLES.limit,
  };
  return (raw as Record<string, readonly unknown[]>)[name] ?? SAMPLES.boolean ?? [];
};

test.each(['capabilities', 'writable', 'ports', 'pids', 'readOnly'] as const)(
  '%s: meet and join are bounds of both',
  (name) => {
    const control = CONTROLS[name];
    const lattice = control.lattice as Lattice<unknown>;
    const values = samplesOf(name).map((raw) => control.read(raw) as unknown);
    for (const a of values) {
      expect(lattice.loosens(a, a)).toBe(false);
      for (const b of values) {
        const meet = lattice.meet(a, b);
        const join = lattice.join(a, b);
        expect([lattice.loosens(a, meet), lattice.loosens(b, meet)], `meet of ${a} and ${b}`).toEqual([false, false]);
        expect([lattice.loosens(join, a), lattice.loosens(join, b)], `join of ${a} and ${b}`).toEqual([false, false]);
        if (!lattice.loosens(a, b)) {
          expect(lattice.loosens(meet, b), `the meet loses what ${a} and ${b} both allow`).toBe(false);
          expect(lattice.loosens(a, join), `the join adds to ${a} and ${b}`).toBe(false);
        }
      }
    }
  },
);

test('a pattern covers its directory and what is in it, and nothing that only begins like it', () => {
  expect(pathWithin('/srv/**', '/srv')).toBe(true);
  expect(pathWithin('/srv/**', '/srv/a/b')).toBe(true);
  expect(pathWithin('/srv/**', '/srv/a/**')).toBe(true);
  expect(pathWithin('/srv/**', '/srvother')).toBe(false);
  expect(pathWithin('/srv', '/srv/a')).toBe(false);
  expect(pathWithin('/srv/a', '/srv/**')).toBe(false);
  expect(pathWithin('/**', '/')).toBe(true);
});

test('sizes are exact', () => {
  const read = CONTROLS.memory.read;
  expect(read('512Mi').value).toBe(536_870_912);
  expect(read(4096).value).toBe(4096);
  expect(read('unlimited').value).toBe(Infinity);
  expect(read({ value: 10, soft: 20 }).soft, 'a soft limit is never above the hard one').toBe(10);
});
