// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { Args, Command } from '../../cli/command.ts';
import { ExitCode } from '../../errors.ts';
import { parseReference } from '../../runtime/images/reference.ts';
import { pushPolicy } from '../../runtime/policy-push.ts';

export default class PolicyPush extends Command {
  static override id = 'policy:push';
  static override summary = 'Put a policy into a registry, for others to extend.';
  static override description =
    'It is checked first. Others extend it by the digest that is printed; `secure image sign REFERENCE --key KEY` signs it for policies that require that. ' +
    'It is one text: it may extend built-in policies and others of a registry, and no files.';
  static override examples = [
    '$ secure policy push company.yaml registry.example/policies/company:1.4',
    '$ secure image sign registry.example/policies/company:1.4 --key policies.key',
  ];
  static override args = {
    file: Args.string({ required: true, description: 'Policy file.' }),
    reference: Args.string({ required: true, description: 'Where to.' }),
  };

  async run(): Promise<number> {
    const { args } = await this.parse(PolicyPush);
    const pushed = await pushPolicy(resolve(args.file), parseReference(args.reference));
    if (this.jsonEnabled()) this.logJson({ ...pushed });
    else this.log(`extends: ["${pushed.extends}"]`);
    return ExitCode.ok;
  }
}
