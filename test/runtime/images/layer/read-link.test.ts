// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isGone } from '../../../../src/runtime/images/layer/members.ts';
import { readLinkBeneath } from '../../../../src/runtime/images/layer/read-link.ts';
import { temporaryDirectory } from '../../../support/store.ts';

it('reads a link as it is written, and says of what took its place that the link is gone', () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'd'));
  symlinkSync('../out of here', join(directory, 'd/link'));
  writeFileSync(join(directory, 'd/file'), '');
  const root = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    expect(readLinkBeneath(root, 'd/link')).toBe('../out of here');
    for (const path of ['d', 'd/file', 'd/nosuch', 'd/file/below', 'd/link/below']) {
      const thrown = (() => {
        try {
          return readLinkBeneath(root, path);
        } catch (error) {
          return error;
        }
      })();
      expect(isGone(thrown), path).toBe(true);
    }
  } finally {
    closeSync(root);
  }
});
