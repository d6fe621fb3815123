// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../../cli/command.ts';
import { printable } from '../../cli/output.ts';
import { ExitCode, SecureError } from '../../errors.ts';
import { notCompiled } from '../../policies/engines/compile.ts';
import { loadPolicy } from '../../policies/index.ts';
import {
  activatePolicy,
  compiledText,
  DECISIONS,
  installPolicy,
  POLICY_DIRECTORY,
} from '../../runtime/engine-policy.ts';
import { policyIo } from '../../runtime/policy-io.ts';

export default class PolicyCompile extends Command {
  static override id = 'policy:compile';
  static override summary =
    'Compile a policy for secure-runtime to enforce underneath docker, podman, containerd and CRI-O.';
  static override examples = [
    '$ secure policy compile secure.policy.yaml',
    '$ secure policy compile strict --print',
    '$ secure policy compile --activate sha256:4f3c…',
  ];
  static override args = {
    policy: Args.string({ description: 'Policy file, or the name of a built-in policy.' }),
  };
  static override flags = {
    output: Flags.string({
      helpValue: 'DIR',
      default: POLICY_DIRECTORY,
      description: 'Where secure-runtime reads it.',
    }),
    log: Flags.string({
      helpValue: 'FILE',
      default: DECISIONS,
      description: 'Where secure-runtime is to write what it decides.',
    }),
    print: Flags.boolean({ description: 'Print what would be written, and write nothing.', exclusive: ['activate'] }),
    activate: Flags.string({ helpValue: 'DIGEST', description: 'Go back to a policy that was compiled before.' }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(PolicyCompile);
    if ((args.policy === undefined) === (flags.activate === undefined))
      throw new SecureError('USAGE', 'give either a policy to compile, or --activate with the digest of one that was');
    if (flags.activate !== undefined) {
      const installed = await activatePolicy(flags.output, flags.activate);
      if (this.jsonEnabled()) this.logJson({ ...installed });
      else this.log(printable(`${installed.digest} holds again, instead of ${installed.previous ?? 'none'}`));
      return ExitCode.ok;
    }
    const policy = await loadPolicy(args.policy ?? '', policyIo([]));
    const text = compiledText(policy, flags.log);
    const left = notCompiled(policy);
    if (!flags.print) {
      const installed = await installPolicy(flags.output, text);
      if (this.jsonEnabled()) this.logJson({ ...installed, notCompiled: left });
      else this.log(printable(`${installed.directory}: ${policy.name} holds as ${installed.digest}`));
    } else this.log(text.trimEnd());
    if (!this.jsonEnabled()) for (const each of left) process.stderr.write(`not enforced there: ${printable(each)}\n`);
    return ExitCode.ok;
  }
}
