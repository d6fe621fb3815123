// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../../cli/command.ts';
import { printable } from '../../cli/output.ts';
import { junit } from '../../cli/policy/junit.ts';
import { fileSubjects } from '../../cli/policy/subjects.ts';
import { ExitCode } from '../../errors.ts';
import { loadPolicy } from '../../policies/index.ts';
import { policyIo } from '../../runtime/policy-io.ts';

export default class PolicyTest extends Command {
  static override id = 'policy:test';
  static override summary = 'Run the tests of policy files.';
  static override description =
    'Each test gives facts to the rules, or a file with a build, manifests, a plan, and says which of them refuse, warn or are excepted from; all others have to hold. Tests may be in the policy, or in a file of their own that extends it.';
  static override examples = [
    '$ secure policy test secure.policy.yaml',
    '$ secure policy test --format junit policies/*.yaml > report.xml',
    '$ secure policy test --coverage secure.policy.yaml',
  ];
  static override args = { file: Args.string({ required: true, multiple: true, description: 'Policy files.' }) };
  static override flags = {
    format: Flags.string({ options: ['text', 'junit'], default: 'text', description: 'How the results look.' }),
    coverage: Flags.boolean({ description: 'A rule that no test has seen hold, or refuse, is a failure.' }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(PolicyTest);
    const { runTests } = await import('../../policies/rules/run-tests.ts');
    const reports = [];
    for (const file of args.file)
      reports.push({ file, ...runTests(await loadPolicy(file, policyIo([])), Date.now(), fileSubjects) });
    const failed = reports.flatMap(({ results }) => results).filter(({ problems }) => problems.length > 0).length;
    const untested = reports.flatMap((each) => each.untested).length;
    if (this.jsonEnabled()) this.logJson({ passed: failed === 0, policies: reports });
    else if (flags.format === 'junit') this.log(junit(reports));
    else {
      for (const { file, results, untested: open } of reports) {
        for (const { name, by, problems } of results) {
          this.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${printable(file)}:${by.line}: ${printable(name)}`);
          for (const problem of problems) this.log(`       ${printable(problem)}`);
        }
        for (const { rule, never } of open)
          this.log(`     ${printable(file)}: no test has seen ${rule} ${never === 'held' ? 'hold' : 'refuse'}`);
      }
      const total = reports.flatMap(({ results }) => results).length;
      this.log(`${total - failed} passed, ${failed} failed`);
    }
    return failed > 0 || (flags.coverage && untested > 0) ? ExitCode.findings : ExitCode.ok;
  }
}
