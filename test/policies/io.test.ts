// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { SecureError } from '../../src/errors.ts';
import { fileIo, type PolicyInput } from '../../src/policies/index.ts';

const dir = mkdtempSync(join(tmpdir(), 'secure-policy-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function refused(path: string): string {
  try {
    fileIo([]).read(path);
  } catch (error) {
    if (error instanceof SecureError) return error.code;
    throw error;
  }
  return 'read';
}

test('what was read is recorded with its hash, what is not there too', () => {
  const path = join(dir, 'a.yaml');
  writeFileSync(path, 'kind: Policy\n');
  const inputs: PolicyInput[] = [];
  const io = fileIo(inputs);
  expect(io.read(path).text).toBe('kind: Policy\n');
  expect(() => io.read(join(dir, 'none.yaml'))).toThrow();
  const sha256 = createHash('sha256').update('kind: Policy\n').digest('hex');
  expect(inputs).toEqual([
    { kind: 'content', path, sha256 },
    { kind: 'absent', path: join(dir, 'none.yaml') },
  ]);
});

test('two names of one file are one identity', () => {
  const path = join(dir, 'b.yaml');
  writeFileSync(path, 'x');
  symlinkSync(path, join(dir, 'link.yaml'));
  expect(fileIo([]).read(path).identity).toBe(fileIo([]).read(join(dir, 'link.yaml')).identity);
});

test('a FIFO is refused without waiting for a writer', () => {
  execFileSync('mkfifo', [join(dir, 'fifo.yaml')]);
  expect(refused(join(dir, 'fifo.yaml'))).toBe('POLICY_UNREADABLE');
});

test('directories, devices, endless links, binary text and a megabyte are refused', () => {
  symlinkSync(join(dir, 'loop.yaml'), join(dir, 'loop.yaml'));
  writeFileSync(join(dir, 'binary.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
  writeFileSync(join(dir, 'large.yaml'), Buffer.alloc((1 << 20) + 1, 0x20));
  writeFileSync(join(dir, 'largest.yaml'), Buffer.alloc(1 << 20, 0x20));
  for (const name of ['', 'loop.yaml', 'binary.yaml', 'large.yaml'])
    expect(refused(join(dir, name))).toBe('POLICY_UNREADABLE');
  expect(refused('/dev/zero')).toBe('POLICY_UNREADABLE');
  expect(refused(join(dir, 'largest.yaml'))).toBe('read');
  expect(refused('a\0b')).toBe('POLICY_UNREADABLE');
});
