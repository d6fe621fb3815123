// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { SecureError } from '../../../src/errors.ts';
import { parseToml, removeToml, setToml } from '../../../src/runtime/engines/toml-edit.ts';

const FILE = 'config.toml';
const CRI = 'io.containerd.grpc.v1.cri';

function refusal(call: () => unknown): { code: string; line?: number | undefined; column?: number | undefined } {
  try {
    call();
  } catch (error) {
    const { code, position } = error as SecureError;
    return { code, line: position?.line, column: position?.column };
  }
  throw new Error('it was accepted');
}

describe('setting', () => {
  it.each([
    ['a new table at the end', 'version = 2 # why\n', 'version = 2 # why\n\n[plugins."x.y"]\na = "v"\n'],
    ['no line break at the end', 'version = 2', 'version = 2\n\n[plugins."x.y"]\na = "v"\n'],
    [
      'a table that is there',
      '[plugins."x.y"]\n  b = 1 # one\n# end\n',
      '[plugins."x.y"]\n  b = 1 # one\n  a = "v"\n# end\n',
    ],
    ['a table without keys', '  [ plugins . "x.y" ] # t\n[z]\n', '  [ plugins . "x.y" ] # t\n  a = "v"\n[z]\n'],
    ['a key that is there', "[plugins.'x.y']\na = ''' \n[b]\n''' # c\nd=1", '[plugins.\'x.y\']\na = "v" # c\nd=1'],
    ['a dotted key', '[plugins]\n"x.y".a = 3', '[plugins]\n"x.y".a = "v"'],
    ['with CRLF', 'b = 1\r\n', 'b = 1\r\n\r\n[plugins."x.y"]\r\na = "v"\r\n'],
    ['an empty file', '', '[plugins."x.y"]\na = "v"\n'],
  ])('%s', (_, before, after) => {
    expect(setToml(before, FILE, ['plugins', 'x.y', 'a'], 'v')).toBe(after);
  });

  it('a key before all tables', () => {
    expect(setToml('# c\n[t]\na = 1\n', FILE, ['version'], 2)).toBe('# c\nversion = 2\n[t]\na = 1\n');
  });

  it.each([
    ['an inline table', '[plugins]\n"x.y" = { b = 1 }\n', 2, 1],
    ['a value', 'plugins = 1\n', 1, 1],
  ])('is refused with the place where %s is in the way', (_, text, line, column) => {
    expect(refusal(() => setToml(text, FILE, ['plugins', 'x.y', 'a'], 'v'))).toEqual({
      code: 'CONFIG_INVALID',
      line,
      column,
    });
  });

  it.each([
    ['a list of tables', '[[plugins]]\nb = 1\n'],
    ['dotted keys that make the table', '[plugins]\n"x.y".b = 3\n'],
  ])('is refused where %s would be contradicted', (_, text) => {
    expect(refusal(() => setToml(text, FILE, ['plugins', 'x.y', 'a'], 'v')).code).toBe('CONFIG_INVALID');
  });
});

it.each([
  ['a = 1\nb = tru\n', 2, 5],
  ['[a]\n[a]\n', 2, 2],
  ['a = "x\n', 1, 7],
])('says where %j is wrong', (text, line, column) => {
  expect(refusal(() => parseToml(text, FILE))).toEqual({ code: 'CONFIG_INVALID', line, column });
});

describe('removing', () => {
  it('takes tables and what is below, and leaves comments between', () => {
    const text = `# top
[plugins."${CRI}".containerd]
  default_runtime_name = "runc"

[plugins."${CRI}".containerd.runtimes.secure]
runtime_type = "io.containerd.runc.v2"

[plugins."${CRI}".containerd.runtimes.secure.options]
BinaryName = "/x"
# of the next
[metrics]
address = ""
`;
    expect(removeToml(text, FILE, ['plugins', CRI, 'containerd', 'runtimes', 'secure'])).toBe(`# top
[plugins."${CRI}".containerd]
  default_runtime_name = "runc"
# of the next
[metrics]
address = ""
`);
  });

  it('takes a key with its line', () => {
    expect(removeToml('a = 1\nb = [\n 1,\n] # c\nc = 2', FILE, ['b'])).toBe('a = 1\nc = 2');
    expect(removeToml('a = 1\n', FILE, ['x', 'y'])).toBe('a = 1\n');
  });

  it('is refused inside of an inline table', () => {
    expect(refusal(() => removeToml('a = { b = 1 }\n', FILE, ['a', 'b'])).code).toBe('CONFIG_INVALID');
  });
});
