// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readExtraCas } from '../../../src/cli/run/trust.ts';
import { Inputs } from '../../../src/runtime/inputs.ts';

let directory = '';
const at = (name: string): string => join(directory, name);
const make = (name: string, ...more: string[]): void => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', at(`${name}.key`)];
  const words = ['req', '-x509', ...key, '-out', at(`${name}.pem`), '-subj', `/O=Test/CN=${name}`, ...more];
  execFileSync('openssl', words, { stdio: 'ignore' });
};
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'secure-trust-'));
  make('one');
  make('two');
  make('leaf', '-addext', 'basicConstraints=critical,CA:FALSE');
});
afterAll(() => rmSync(directory, { recursive: true }));
const read = (...names: string[]) => readExtraCas(names, directory, new Inputs());
const text = (name: string): string => readFileSync(at(name), 'utf8');

it('takes the certificates and leaves the rest of the file', async () => {
  writeFileSync(at('both.pem'), `# comment\n${text('one.pem')}\r\nnoise\n${text('two.pem')}`);
  const inputs = new Inputs();
  const [found] = await readExtraCas(['both.pem'], directory, inputs);
  expect(found?.pem).toBe(text('one.pem') + text('two.pem'));
  expect(found?.subjects).toEqual(['O=Test, CN=one', 'O=Test, CN=two']);
  expect(inputs.records).toEqual([expect.objectContaining({ kind: 'content', path: at('both.pem') })]);
});

it.each<[string, () => void, string]>([
  ['missing.pem', () => {}, 'exists'],
  ['directory', () => mkdirSync(at('directory')), ''],
  ['fifo', () => execFileSync('mkfifo', [at('fifo')]), ''],
  ['/dev/zero', () => {}, ''],
  ['empty.pem', () => writeFileSync(at('empty.pem'), ''), 'PEM'],
  ['huge.pem', () => writeFileSync(at('huge.pem'), 'x'.repeat(1024 * 1024 + 1)), ''],
  ['leaf.pem', () => {}, 'may sign no others'],
  ['key.pem', () => writeFileSync(at('key.pem'), text('one.pem') + text('one.key')), 'private key'],
  ['cut.pem', () => writeFileSync(at('cut.pem'), text('one.pem').slice(0, -40)), 'PEM'],
  ['half.pem', () => writeFileSync(at('half.pem'), text('one.pem') + text('two.pem').slice(0, 100)), 'PEM'],
  [
    'broken.pem',
    () => writeFileSync(at('broken.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
    '1 of 1',
  ],
])('%s is refused', async (name, prepare, hint) => {
  prepare();
  const error = await read(name).then(
    () => undefined,
    (thrown: { code: string; hint?: string }) => thrown,
  );
  expect(error?.code).toBe('INVALID_VALUE');
  expect(error?.hint ?? '').toContain(hint);
});

it('one that has ended is refused', async () => {
  vi.spyOn(Date, 'now').mockReturnValue(Date.UTC(2100, 0));
  const refused = { code: 'INVALID_VALUE', hint: expect.stringContaining('ended on') };
  await expect(read('one.pem')).rejects.toMatchObject(refused);
  vi.restoreAllMocks();
});
