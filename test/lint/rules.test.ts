// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { biome } from '../../scripts/lint/biome.ts';
import { deps } from '../../scripts/lint/deps.ts';
import { generated } from '../../scripts/lint/generated.ts';
import { paths } from '../../scripts/lint/paths.ts';
import type { Rule } from '../../scripts/lint/rule.ts';
import { shell } from '../../scripts/lint/shell.ts';
import { size } from '../../scripts/lint/size.ts';
import { spdx } from '../../scripts/lint/spdx.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'secure-lint-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** What a rule says about a tree of these files, as `file:line message`. */
async function findings(rule: Rule, files: Record<string, string>): Promise<string[]> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const problems = await rule.check(root);
  return problems.map(({ file, line, message }) => `${file}${line === undefined ? '' : `:${line}`} ${message}`);
}

describe('dependency direction', () => {
  test.each([
    ['commands use domains', 'src/commands/run.ts', "import { run } from '../runtime/run.ts';"],
    ['the runtime uses policies', 'src/runtime/plan/plan.ts', "import { load } from '../../policies/load.ts';"],
    ['everyone stands on errors.ts', 'src/profiles/seccomp/lint.ts', "import { SecureError } from '../../errors.ts';"],
    ['audits read images', 'src/audit/facts/image.ts', "import { open } from '../../runtime/images/store.ts';"],
    ['commands know oclif', 'src/commands/run.ts', "import { Flags } from '@oclif/core';"],
    ['a room may use itself', 'src/audit/checks/a.ts', "import type { Check } from '../check.ts';"],
    [
      'comments are not imports',
      'src/profiles/a.ts',
      "// import x from '../runtime/a.ts'\n/* import('../audit/a.ts') */",
    ],
    ['text is not an import', 'src/profiles/a.ts', "export const t = `import x from '../runtime/a.ts'`;"],
  ])('%s', async (_, file, text) => {
    expect(await findings(deps, { [file]: text })).toEqual([]);
  });

  test.each([
    ['static', "import { x } from '../runtime/a.ts';"],
    ['type only', "import type { X } from '../runtime/a.ts';"],
    ['over lines', "import {\n  x,\n} from '../runtime/a.ts';"],
    ['side effect', "import '../runtime/a.ts';"],
    ['re-export', "export * from '../runtime/a.ts';"],
    ['dynamic', "const a = await import('../runtime/a.ts');"],
    ['required', "const a = require('../runtime/a.ts');"],
    ['type position', "type A = import('../runtime/a.ts').A;"],
    ['after a regular expression with a quote', "const r = /['\"]/;\nimport x from '../runtime/a.ts';"],
    ['after a comment with a quote', "// don't\nimport x from '../runtime/a.ts';"],
    ['after a division', "const r = 4 / 2; const s = 'a/b';\nimport x from '../runtime/a.ts';"],
  ])('profiles do not import the runtime: %s', async (_, text) => {
    const [first, ...rest] = await findings(deps, { 'src/profiles/a.ts': text });
    expect(first).toMatch(/^src\/profiles\/a\.ts:\d+ profiles must not import runtime/);
    expect(rest).toEqual([]);
  });

  test.each([
    ['policies -> commands', 'src/policies/a.ts', "import '../commands/run.ts';"],
    ['runtime -> audit', 'src/runtime/a.ts', "import '../audit/a.ts';"],
    ['audit -> runtime beside images', 'src/audit/a.ts', "import '../runtime/containers/list.ts';"],
    ['a folder with a longer name', 'src/audit/a.ts', "import '../runtime/images-x/list.ts';"],
    ['the entry', 'src/runtime/a.ts', "import '../cli.ts';"],
    ['the ground -> a room', 'src/errors.ts', "import './runtime/a.ts';"],
    ['oclif in a domain', 'src/audit/a.ts', "import { ux } from '@oclif/core/ux';"],
    ['out of src', 'src/runtime/a.ts', "import '../../test/a.ts';"],
    ['a computed module', 'src/commands/a.ts', 'await import(name);'],
    ['a room that is not planned', 'src/extra/a.ts', "import '../runtime/a.ts';"],
    ['console', 'src/runtime/a.ts', "console.error('x');"],
    ['stdout', 'src/policies/a.ts', "process.stdout.write('x');"],
  ])('refused: %s', async (_, file, text) => {
    expect(await findings(deps, { [file]: text })).toHaveLength(1);
  });
});

describe('file length', () => {
  const lines = (count: number) => 'x\n'.repeat(count);
  test('400 lines, 500 for a test', async () => {
    expect(await findings(size, { 'src/a.ts': lines(400), 'test/a.test.ts': lines(500) })).toEqual([]);
  });
  test('one more is too long', async () => {
    const found = await findings(size, {
      'native/a.cc': lines(401),
      'native/test/a_test.cc': lines(501),
      'scripts/x': lines(401),
    });
    expect(found).toHaveLength(3);
  });
  test('what a program generated may be long', async () => {
    const text = `// SPDX-License-Identifier: Apache-2.0\n// Generated by scripts/x.ts\n${lines(900)}`;
    expect(await findings(size, { 'native/table.h': text })).toEqual([]);
  });
});

describe('licence header', () => {
  const tag = 'SPDX-License-Identifier: Apache-2.0';
  test('on the first line, or behind #!', async () => {
    const files = { 'src/a.ts': `// ${tag}\n`, 'scripts/a': `#!/bin/sh\n# ${tag}\n`, 'README.md': 'text' };
    expect(await findings(spdx, files)).toEqual([]);
  });
  test('missing, late or another one', async () => {
    const files = {
      'src/a.ts': '',
      'bin/a': `#!/bin/sh\nset -e\n# ${tag}\n`,
      'native/a.h': '// SPDX-License-Identifier: MIT\n',
    };
    expect(await findings(spdx, files)).toHaveLength(3);
  });
});

describe('shell syntax', () => {
  test('scripts that parse in their own shell', async () => {
    expect(
      await findings(shell, { 'scripts/a': '#!/bin/sh\n[ x ]\n', 'scripts/b.sh': '#!/bin/bash\na=(1 2)\n' }),
    ).toEqual([]);
  });
  test('an unclosed quote, and an array in sh', async () => {
    const found = await findings(shell, { 'bin/a': '#!/bin/sh\necho "x\n', 'scripts/b': '#!/bin/sh\na=(1 2)\n' });
    expect(found).toHaveLength(2);
  });
});

describe('no path of this machine', () => {
  test('the checkout itself is found, a longer path that contains its name is not', async () => {
    expect(
      await findings(paths, { 'docs/a.md': `see\n${root}/src`, 'docs/b.md': `upper${root}/x and ${root}-other` }),
    ).toEqual(['docs/a.md:2 names a path of this machine']);
  });
  test('a lockfile knows the public registry only', async () => {
    const lock = '"resolved": "https://registry.npmjs.org/a"\n"resolved": "https://npm.example.test/a"\n';
    expect(await findings(paths, { 'package-lock.json': lock })).toEqual([
      'package-lock.json:2 names a registry other than registry.npmjs.org',
    ]);
  });
});

describe('generated files', () => {
  test('a fresh one, a stale one and a generator that fails', async () => {
    const found = await findings(generated, {
      'scripts/generate/fresh.ts': '',
      'scripts/generate/stale.ts': "console.log('docs/reference.md'); process.exitCode = 1;",
      'scripts/generate/wrong.ts': "throw new Error('no input');",
    });
    expect(found[0]).toBe('docs/reference.md is stale: run scripts/node scripts/generate/stale.ts');
    expect(found[1]).toMatch(/^scripts\/generate\/wrong\.ts failed/);
    expect(found).toHaveLength(2);
  });
});

describe('biome', () => {
  test('formatting and rules are held', async () => {
    symlinkSync(join(import.meta.dirname, '../../node_modules'), join(root, 'node_modules'));
    const config = {
      formatter: { indentStyle: 'space' },
      javascript: { formatter: { quoteStyle: 'single' } },
      linter: { rules: { suspicious: { noExplicitAny: 'error' } } },
    };
    writeFileSync(join(root, 'biome.json'), `${JSON.stringify(config, null, 2)}\n`);
    expect(await findings(biome, { 'a.ts': "export const a = 'x';\n" })).toEqual([]);
    const found = await findings(biome, { 'b.ts': 'export const b: any = "x"\n' });
    expect(found.some((line) => /^b\.ts:\d+ .*noExplicitAny/.test(line))).toBe(true);
    expect(found.some((line) => line.includes('format'))).toBe(true);
  });
  test('a biome that cannot run is a problem, not a pass', async () => {
    expect(await findings(biome, {})).toHaveLength(1);
  });
});
