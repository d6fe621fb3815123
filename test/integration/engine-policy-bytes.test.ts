// SPDX-License-Identifier: Apache-2.0
// A byte of the compiled policy is another one: no container is made. One in sixteen is part of `make test`, BYTES=all takes each.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileIo, loadPolicy } from '../../src/policies/index.ts';
import { runtimeBinary } from '../../src/runtime/binary.ts';
import { compiledText, installPolicy } from '../../src/runtime/engine-policy.ts';
import { Bundle } from '../support/bundle.ts';
import { random } from '../support/random.ts';
import { cannotRun } from '../support/secure.ts';

const STEP = process.env.BYTES === 'all' ? 1 : 16;

describe.skipIf(cannotRun())('a byte of the compiled policy', () => {
  let bundle: Bundle;
  let directory: string;
  let file: string;
  const at = (name: string) => join(bundle.directory, name);
  /** A container that is made would hold a pipe. */
  const create = (stderr: 'pipe' | 'ignore' = 'pipe') =>
    spawnSync(
      runtimeBinary(),
      ['--root', at('state'), '--policy', directory, 'create', '--bundle', bundle.directory, bundle.id],
      { argv0: 'secure-runtime-policy', encoding: 'utf8', stdio: ['ignore', 'ignore', stderr] },
    );
  /** Every byte of a file that was refused with another code than those, by its place. */
  function flip(path: string, step: number, codes: readonly string[]): string[] {
    const data = readFileSync(path);
    const wrong: string[] = [];
    const fd = openSync(path, 'r+');
    for (let offset = random().int(step); offset < data.length; offset += step) {
      const byte = data.readUInt8(offset);
      // Another bit each time, so that all kinds of neighbours come up: letters of the other case, other digits, bytes that are no text.
      writeSync(fd, Buffer.from([byte ^ (1 << (Math.floor(offset / step) % 8))]), 0, 1, offset);
      const { status, stderr } = create();
      const code = /error ([A-Z_]+): /.exec(stderr)?.[1] ?? '';
      if (status === 0 || !codes.includes(code)) wrong.push(`${offset}: ${status} ${stderr}`);
      writeSync(fd, Buffer.from([byte]), 0, 1, offset);
    }
    closeSync(fd);
    expect(readFileSync(path).equals(data)).toBe(true);
    return wrong;
  }

  beforeAll(async () => {
    bundle = new Bundle();
    bundle.write(['true']);
    directory = at('policy.d');
    const { digest } = await installPolicy(
      directory,
      compiledText(await loadPolicy('default', fileIo([])), at('logs/engines.log')),
    );
    file = join(directory, `${digest.slice('sha256:'.length)}.json`);
  });
  afterAll(() => {
    spawnSync(runtimeBinary(), ['--root', at('state'), 'delete', '--force', bundle.id]);
    bundle.remove();
  });

  it('that is changed refuses every container', { timeout: 1_200_000 }, () => {
    expect(readFileSync(file).length).toBeGreaterThan(4000);
    expect(flip(file, STEP, ['POLICY_CORRUPT'])).toEqual([]);
  });

  it('of its name as well', () => {
    // With another digest there is no such file; with another letter or line break it is no digest.
    expect(flip(join(directory, 'current'), 1, ['POLICY_CORRUPT', 'POLICY_MISSING'])).toEqual([]);
  });

  it('that is missing or too much, too', () => {
    const data = readFileSync(file);
    for (const changed of [data.subarray(0, -1), Buffer.concat([data, Buffer.from('\n')]), Buffer.alloc(0)]) {
      const fd = openSync(file, 'w');
      writeSync(fd, changed);
      closeSync(fd);
      expect(create().stderr).toContain('POLICY_CORRUPT');
    }
    const fd = openSync(file, 'w');
    writeSync(fd, data);
    closeSync(fd);
  });

  it('all as they were make one', () => {
    expect(readdirSync(at('.')).filter((name) => name === 'state' && readdirSync(at('state')).length > 0)).toEqual([]);
    expect(create('ignore').status).toBe(0);
  });
});
