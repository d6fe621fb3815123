// SPDX-License-Identifier: Apache-2.0
// What one container costs in memory, which is many times that on a full host.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { Bundle } from '../support/bundle.ts';
import { cannotRun } from '../support/secure.ts';

describe.skipIf(cannotRun())('the memory of a start', () => {
  let bundle: Bundle;
  beforeEach(() => {
    bundle = new Bundle();
  });
  afterEach(() => bundle.remove());

  it('is at most 1.5 MiB: what it does not execute is not resident (else scripts/order/main.ts is due)', async () => {
    bundle.write(['sh', '-c', 'echo started; cat']);
    const child = spawn(runtimeBinary(), ['run', '-b', bundle.directory, bundle.id]);
    await once(child.stdout, 'data');
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    child.stdin.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1])).toBeLessThanOrEqual(1536);
  });
});
