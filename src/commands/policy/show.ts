// SPDX-License-Identifier: Apache-2.0
import { Args, Command } from '../../cli/command.ts';
import { printable } from '../../cli/output.ts';
import { ExitCode } from '../../errors.ts';
import { loadPolicy } from '../../policies/index.ts';
import { policyIo } from '../../runtime/policy-io.ts';

export default class PolicyShow extends Command {
  static override id = 'policy:show';
  static override summary = 'Print a policy with all that it extends, and where each value was said.';
  static override examples = ['$ secure policy show strict', '$ secure policy show secure.policy.yaml --json'];
  static override args = {
    policy: Args.string({ required: true, description: 'Policy file, or the name of a built-in policy.' }),
  };

  async run(): Promise<number> {
    const { args } = await this.parse(PolicyShow);
    const policy = await loadPolicy(args.policy, policyIo([]));
    const { showPolicy } = await import('../../policies/show.ts');
    const shown = showPolicy(policy);
    if (this.jsonEnabled()) {
      this.logJson({ policy: policy.name, files: policy.files, values: shown });
      return ExitCode.ok;
    }
    const width = Math.max(...shown.map(({ name }) => Math.min(name.length, 32)));
    let section = '';
    for (const each of shown) {
      if (each.section !== section) this.log(`${each.section}:`);
      section = each.section;
      this.log(printable(`  ${each.name.padEnd(width)}  ${each.value}  [${each.by.policy}:${each.by.line}]`));
    }
    return ExitCode.ok;
  }
}
