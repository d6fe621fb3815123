// SPDX-License-Identifier: Apache-2.0
import { Args, Command } from '../../cli/command.ts';
import { printable } from '../../cli/output.ts';
import { ExitCode } from '../../errors.ts';
import { renderProblem, validatePolicy } from '../../policies/index.ts';
import { policyIo } from '../../runtime/policy-io.ts';

/** Text of a policy may hold anything; only line breaks of ours reach the terminal. */
const lines = (text: string): string[] => text.split('\n').map(printable);

export default class PolicyValidate extends Command {
  static override id = 'policy:validate';
  static override summary = 'Check policy files, and everything that they extend.';
  static override examples = [
    '$ secure policy validate secure.policy.yaml',
    '$ secure policy validate --json policies/*.yaml',
    '$ secure policy validate strict',
  ];

  static override args = {
    file: Args.string({ required: true, multiple: true, description: 'Policy files, or names of built-in policies.' }),
  };

  async run(): Promise<number> {
    const { args } = await this.parse(PolicyValidate);
    const io = policyIo([]);
    const reports = [];
    for (const file of args.file) reports.push({ file, ...(await validatePolicy(file, io)) });
    const invalid = reports.filter(({ problems }) => problems.length > 0).length;
    if (this.jsonEnabled()) {
      const policies = reports.map(({ file, problems }) => ({ file, valid: problems.length === 0, problems }));
      this.logJson({ valid: invalid === 0, policies });
    } else {
      for (const { file, problems, lines: source } of reports) {
        if (problems.length === 0) this.log(`${printable(file)}: valid`);
        for (const problem of problems) for (const line of lines(renderProblem(problem, source))) this.log(line);
      }
    }
    return invalid === 0 ? ExitCode.ok : ExitCode.findings;
  }
}
