// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { PROFILES } from '../../../src/policies/index.ts';
import { outcome, plan } from './facts.ts';

const caps = (request: object) => plan('default', { request }).process.capabilities;

test('nothing is inheritable or ambient, in any profile, for anybody (CVE-2022-24769)', () => {
  for (const profile of PROFILES) {
    for (const user of [undefined, '1000']) {
      const { inheritable, ambient } = plan(profile, { request: user === undefined ? {} : { user } }).process
        .capabilities;
      expect([inheritable, ambient]).toEqual([[], []]);
    }
  }
});

test('root has what it is bounded by, somebody else has nothing', () => {
  const root = caps({});
  expect(root.effective).toEqual(root.bounding);
  expect(root.bounding).toContain('CAP_SETUID');
  expect(caps({ user: '1000' })).toMatchObject({ effective: [], permitted: [], bounding: root.bounding });
});

test('drop everything, then keep one', () => {
  expect(caps({ capDrop: ['ALL'], capAdd: ['chown'] }).bounding).toEqual(['CAP_CHOWN']);
  expect(caps({ capDrop: ['all'] }).bounding).toEqual([]);
  expect(caps({ capDrop: ['CAP_CHOWN'] }).bounding).not.toContain('CAP_CHOWN');
});

test.each([
  ['NET_RAW', 'default', 'POLICY_DENIED'],
  ['SYS_ADMIN', 'baseline', 'POLICY_DENIED'],
  ['ALL', 'baseline', 'POLICY_DENIED'],
  ['CHOWN', 'strict', 'POLICY_DENIED'],
  ['NET_ADMN', 'default', 'INVALID_VALUE'],
  ['', 'default', 'INVALID_VALUE'],
  ['CAP_', 'default', 'INVALID_VALUE'],
] as const)('--cap-add %s under %s: %s', (name, profile, code) => {
  expect(outcome(profile, { request: { capAdd: [name] } })).toBe(code);
});

test('a capability that the kernel does not know is not planned', () => {
  expect(plan('baseline', { host: { lastCap: 30 } }).process.capabilities.bounding).not.toContain('CAP_SETFCAP');
});
