// SPDX-License-Identifier: Apache-2.0
// Which tests a form has to report. It is read from the files on this side, so that a guest cannot promise less than there is.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FORMS, type Form, isForm } from './forms.ts';

export interface TestFile {
  /** File name in test/lab/guest. */
  readonly name: string;
  readonly forms: readonly Form[];
  /** Functions in the order of the file; empty for a `.tap` file, which plans by itself. */
  readonly tests: readonly string[];
}

/**
 * What a file says about itself: `# forms: v2 plain` (or `all`) near its top and a function `test_NAME` per test.
 * @throws Error that names the file when it says nothing, or the same name twice.
 */
export function readTestFile(name: string, text: string): TestFile {
  const line = /^# forms:(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  const forms = line.length === 1 && line[0] === 'all' ? [...FORMS] : line.filter(isForm);
  if (forms.length === 0 || (line[0] !== 'all' && forms.length !== line.length))
    throw new Error(`${name}: needs a line "# forms: all", or some of ${FORMS.join(' ')}`);
  if (name.endsWith('.tap')) return { name, forms, tests: [] };
  const tests = [...text.matchAll(/^test_(\w+)\(\)/gm)].map((match) => match[1] ?? '');
  if (tests.length === 0) throw new Error(`${name}: has no function test_NAME()`);
  const twice = tests.find((test, index) => tests.indexOf(test) !== index);
  if (twice !== undefined) throw new Error(`${name}: test_${twice} is there twice`);
  return { name, forms, tests };
}

/** All test files of the lab. `only`: a part of their names. */
export function testFiles(directory: string, only?: string): TestFile[] {
  return readdirSync(directory)
    .filter((name) => /_test\.sh$|\.tap$/.test(name) && (only === undefined || name.includes(only)))
    .sort()
    .map((name) => readTestFile(name, readFileSync(join(directory, name), 'utf8')));
}

/** What the guest of a form reads: a line `FILE TEST` each, and `FILE -` for a program that prints TAP. */
export function formPlan(files: readonly TestFile[], form: Form): string[] {
  return files
    .filter((file) => file.forms.includes(form))
    .flatMap((file) =>
      file.name.endsWith('.tap') ? [`${file.name} -`] : file.tests.map((test) => `${file.name} ${test}`),
    );
}
