// SPDX-License-Identifier: Apache-2.0
// The fixtures of pod-security-admission against the built-in Pod Security Standards and the checks of `secure audit kubernetes`: what is in pass/ is
// allowed, what is in fail/ is refused.
// Usage: scripts/node scripts/pss-fixtures.ts TESTDATA VERSION   (test/testdata of github.com/kubernetes/pod-security-admission, v1.37)
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKS } from '../src/audit/checks/index.ts';
import { kubernetesSubjects } from '../src/audit/facts/kubernetes.ts';
import { results } from '../src/audit/run.ts';
import { fileIo, loadPolicy } from '../src/policies/index.ts';
import { Evaluator } from '../src/policies/rules/evaluate.ts';

const [, , testdata, version] = process.argv;
if (testdata === undefined || version === undefined) throw new Error('usage: pss-fixtures.ts TESTDATA VERSION');
let [right, wrong] = [0, 0];
for (const level of ['baseline', 'restricted']) {
  const { book } = await loadPolicy(`pss-${level}`, fileIo([]));
  const evaluator = new Evaluator(book, Date.now());
  const standards = level === 'baseline' ? /^PSS-Baseline:/ : /^PSS-(?:Baseline|Restricted):/;
  const checks = CHECKS.kubernetes.filter(({ frameworks }) => frameworks.some((name) => standards.test(name)));
  for (const answer of ['pass', 'fail']) {
    const directory = join(testdata, level, version, answer);
    for (const name of readdirSync(directory)) {
      const subjects = [...kubernetesSubjects(readFileSync(join(directory, name), 'utf8'), name)];
      const refused = subjects
        .flatMap((subject) => evaluator.verdicts(subject))
        .filter(({ decision }) => decision === 'fail' || decision === 'error');
      const failed = subjects
        .flatMap(({ facts }) => results(checks, facts))
        .filter(({ verdict }) => verdict.status !== 'pass' && verdict.status !== 'not-applicable');
      const expected = answer === 'fail';
      if (subjects.length === 1 && refused.length > 0 === expected && failed.length > 0 === expected) right += 1;
      else {
        wrong += 1;
        console.log(
          `${level}/${answer}/${name}: ${refused.map(({ rule, message }) => `${rule.id}: ${message}`).join('; ') || 'allowed'}; ${failed.map(({ check }) => check.id).join(' ') || 'no check fails'}`,
        );
      }
    }
  }
}
console.log(`${right} of ${right + wrong} right`);
process.exitCode = wrong === 0 ? 0 : 1;
