// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Inputs } from '../../src/runtime/inputs.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'secure-inputs-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('Inputs', () => {
  it('records what was found, by content', () => {
    const inputs = new Inputs();
    const path = join(directory, 'a');
    writeFileSync(path, 'x');
    expect(inputs.read(path, 10)?.data.toString()).toBe('x');
    expect(inputs.records).toEqual([
      { kind: 'content', path, sha256: '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881' },
    ]);
  });

  it('records what was not found, a file in the place of a directory included', () => {
    const inputs = new Inputs();
    writeFileSync(join(directory, 'file'), '');
    expect(inputs.read(join(directory, 'missing'), 10)).toBeUndefined();
    expect(inputs.read(join(directory, 'file', 'below'), 10)).toBeUndefined();
    expect(inputs.stat(join(directory, 'missing'))).toBeUndefined();
    expect(inputs.records.map(({ kind }) => kind)).toEqual(['absent', 'absent', 'absent']);
  });

  it('records an unset variable as null', () => {
    const inputs = new Inputs();
    expect(inputs.env('SECURE_TEST_UNSET')).toBeUndefined();
    expect(inputs.records).toEqual([{ kind: 'env', name: 'SECURE_TEST_UNSET', value: null }]);
  });

  it('never waits: a FIFO without a writer, a directory and an endless device are refused', () => {
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    for (const path of [fifo, directory, '/dev/zero']) {
      expect(() => new Inputs().read(path, 10), path).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
    }
  });

  it('reads no more than it may', () => {
    const path = join(directory, 'long');
    writeFileSync(path, 'x'.repeat(11));
    expect(() => new Inputs().read(path, 10)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
    expect(new Inputs().read(path, 11)?.data).toHaveLength(11);
  });

  it('a link that is pointed elsewhere is another input', () => {
    const [one, two, link] = [join(directory, 'one'), join(directory, 'two'), join(directory, 'link')];
    mkdirSync(one);
    mkdirSync(two);
    const identity = (): unknown => {
      const inputs = new Inputs();
      inputs.stat(link);
      return inputs.records[0];
    };
    symlinkSync(one, link);
    const before = identity();
    rmSync(link);
    symlinkSync(two, link);
    expect(identity()).not.toEqual(before);
  });
});
