// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  CAPABILITIES,
  capabilityName,
  capabilityNumber,
  ociCapabilities,
  suggestCapability,
} from '../../../src/profiles/capabilities/index.ts';

test('numbers are those of the kernel that runs this', () => {
  const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'));
  expect(last).toBeLessThanOrEqual(CAPABILITIES.length - 1);
  expect([capabilityNumber('CHOWN'), capabilityNumber('NET_ADMIN'), capabilityNumber('CHECKPOINT_RESTORE')]).toEqual([
    0, 12, 40,
  ]);
});

test.each([
  ['net_admin', 'NET_ADMIN'],
  ['CAP_NET_ADMIN', 'NET_ADMIN'],
  ['cap_Net_Admin', 'NET_ADMIN'],
  ['CAP_CAP_CHOWN', undefined],
  ['ALL', undefined],
  ['', undefined],
  ['toString', undefined],
])('%s is %s', (typed, name) => {
  expect(capabilityName(typed)).toBe(name);
});

test('a set has one text', () => {
  expect(ociCapabilities(['KILL', 'CHOWN', 'KILL'])).toEqual(['CAP_CHOWN', 'CAP_KILL']);
});

test('a slip is answered with what was meant', () => {
  expect(suggestCapability('CAP_NET_ADMN')).toBe('NET_ADMIN');
});
