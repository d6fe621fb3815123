// SPDX-License-Identifier: Apache-2.0
// Run the tests that need another kernel than this machine's, each form in a guest of its own. See docs/lab.md.
// Usage: scripts/node test/lab/main.ts [--only PART] [--verbose] [FORM...]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { collect, type Point } from './collect.ts';
import { FORMS, type Form, isForm } from './forms.ts';
import { makeDisk } from './image.ts';
import { boot } from './machine.ts';
import { kernel } from './packages.ts';
import { formPlan, testFiles } from './plan.ts';

/** Guests at a time; each has two processors, of which it mostly uses one. */
const AT_ONCE = 2;
const cache = join(import.meta.dirname, '../../build/lab');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, verbose: { type: 'boolean' } },
});
const unknown = positionals.find((name) => !isForm(name));
if (unknown !== undefined) throw new Error(`no form ${unknown}; there are: ${FORMS.join(' ')}`);
const files = testFiles(join(import.meta.dirname, 'guest'), values.only);
const chosen = positionals.length > 0 ? positionals.filter(isForm) : [...FORMS];
// With --only, forms that the file is not for have nothing to report.
const forms = chosen.filter((form) => values.only === undefined || formPlan(files, form).length > 0);

mkdirSync(cache, { recursive: true });
const start = performance.now();
const { image, modules } = kernel(cache);
const disk = makeDisk(cache, { image, modules }, files, forms);
console.log(`TAP version 13\n# disk made in ${((performance.now() - start) / 1000).toFixed(1)} s`);

let number = 0;
function report(form: Form, points: readonly Point[], session: Awaited<ReturnType<typeof boot>>): void {
  for (const point of points) {
    // A native test that this kernel is not for. It proved nothing here; the host's own run must not skip it.
    if (point.ok && point.skipped) {
      console.log(`# not for ${form}: ${point.name}`);
      continue;
    }
    console.log(`${point.ok ? 'ok' : 'not ok'} ${++number} - ${form}/${point.name}`);
    if (!point.ok) console.log(point.details.map((line) => `#   ${line}`).join('\n'));
  }
  const failed = points.some((point) => !point.ok);
  if (failed) process.exitCode = 1;
  // The last point says whether the guest came to its end.
  if (points.at(-1)?.ok === false)
    console.log(
      `#   console of ${form}:\n${session.console.trimEnd().split('\n').slice(-30).join('\n').replace(/^/gm, '#   | ')}`,
    );
  if (values.verbose) console.log(session.stream.replace(/^/gm, '# '));
  console.log(`# ${form}: ${points.length} points in ${session.seconds.toFixed(1)} s`);
}

const queue = [...forms];
async function worker(): Promise<void> {
  for (let form = queue.shift(); form !== undefined; form = queue.shift()) {
    const plan = formPlan(files, form);
    const session = await boot(image, disk, form, join(cache, `${form}.log`));
    report(form, collect(plan, session.stream, session.trouble), session);
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, worker));
console.log(`1..${number}`);
if (number === 0) process.exitCode = 1;
