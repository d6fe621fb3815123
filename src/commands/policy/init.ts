// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { Args, Command } from '../../cli/command.ts';
import { START } from '../../cli/policy/start.ts';
import { ExitCode, SecureError } from '../../errors.ts';

export default class PolicyInit extends Command {
  static override id = 'policy:init';
  static override summary = 'Write a policy to start from.';
  static override description = 'It asks nothing, and overwrites nothing.';
  static override examples = ['$ secure policy init', '$ secure policy init policies/team.yaml'];
  static override args = { file: Args.string({ default: 'secure.policy.yaml', description: 'Where to.' }) };

  async run(): Promise<number> {
    const { args } = await this.parse(PolicyInit);
    try {
      writeFileSync(args.file, START, { flag: 'wx' });
    } catch (cause) {
      const { code = '' } = cause as NodeJS.ErrnoException;
      const why = code === 'EEXIST' ? 'is there already' : `cannot be written: ${code}`;
      throw new SecureError('OUTPUT_REFUSED', `${args.file} ${why}`, {
        hint: 'give another name: secure policy init FILE',
        exitCode: ExitCode.usage,
        cause,
      });
    }
    if (this.jsonEnabled()) this.logJson({ file: args.file });
    else this.log(`${args.file}: check it with  secure policy test ${args.file}`);
    return ExitCode.ok;
  }
}
