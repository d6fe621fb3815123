// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import {
  deviceRights,
  handledRights,
  requiredAbi,
  writableDirectoryRights,
} from '../../../src/profiles/landlock/index.ts';

// LANDLOCK_ACCESS_FS_* of <linux/landlock.h> by the ABI that added them: 13 + refer + truncate + ioctl_dev.
test.each([
  [1, 13],
  [2, 14],
  [3, 15],
  [4, 15],
  [5, 16],
  [7, 16],
])('ABI %i handles %i rights', (abi, count) => {
  expect(handledRights({ abi, ioctl: true })).toHaveLength(count);
});

test('a ruleset asks for no more than it needs, and for no less', () => {
  for (const abi of [1, 2, 3, 5]) expect(requiredAbi(handledRights({ abi, ioctl: true }), false, false)).toBe(abi);
  expect(requiredAbi(['read_file'], true, false)).toBe(4);
  expect(requiredAbi([], false, true)).toBe(6);
});

test('no writable place can be executed by its rule, and none makes device nodes unasked', () => {
  const scope = { abi: 7, ioctl: true };
  expect(deviceRights(scope, true)).not.toContain('execute');
  expect(writableDirectoryRights(scope, false)).not.toContain('make_block');
  expect(writableDirectoryRights(scope, true)).toContain('make_block');
  expect(writableDirectoryRights(scope, true)).not.toContain('execute');
});
