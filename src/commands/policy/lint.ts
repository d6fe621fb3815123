// SPDX-License-Identifier: Apache-2.0
import { Args, Command } from '../../cli/command.ts';
import { printable } from '../../cli/output.ts';
import { ExitCode } from '../../errors.ts';
import { loadPolicy } from '../../policies/index.ts';
import { policyIo } from '../../runtime/policy-io.ts';

export default class PolicyLint extends Command {
  static override id = 'policy:lint';
  static override summary = 'Find what is allowed in policy files, and most likely not meant.';
  static override description =
    'Patterns that match nothing, parameters that nothing uses, rules that decide the same whatever they look at, exceptions that have expired. The exit code is 1 when there is something.';
  static override examples = ['$ secure policy lint secure.policy.yaml', '$ secure policy lint --json policies/*.yaml'];
  static override args = { file: Args.string({ required: true, multiple: true, description: 'Policy files.' }) };

  async run(): Promise<number> {
    const { args } = await this.parse(PolicyLint);
    const { lintPolicy } = await import('../../policies/lint.ts');
    const reports = [];
    for (const file of args.file)
      reports.push({ file, hints: lintPolicy(await loadPolicy(file, policyIo([])), Date.now()) });
    if (this.jsonEnabled()) this.logJson({ policies: reports });
    else {
      for (const { file, hints } of reports) {
        for (const { message, by } of hints) this.log(printable(`${by.policy}:${by.line}:${by.column}: ${message}`));
        if (hints.length === 0) this.log(printable(`${file}: nothing to say`));
      }
    }
    return reports.some(({ hints }) => hints.length > 0) ? ExitCode.findings : ExitCode.ok;
  }
}
