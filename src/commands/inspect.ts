// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../cli/command.ts';
import { containerText, enforcedText } from '../cli/inspect.ts';
import { ExitCode } from '../errors.ts';
import { findContainer, missingControls, readConfig, readEnforced } from '../runtime/containers/containers.ts';

export default class Inspect extends Command {
  static override id = 'inspect';
  static override summary = 'Show a container, its plan and what is in force.';
  static override description =
    'With --enforced the kernel is asked about the live process, control by control; the exit code is 1 when one that is required ' +
    'is not in force or cannot be proven.';
  static override examples = ['$ secure inspect web', '$ secure inspect --enforced web', '$ secure inspect --json web'];
  static override args = {
    container: Args.string({ required: true, description: 'Name, id or the beginning of one.' }),
  };
  static override flags = { enforced: Flags.boolean({ description: 'Read back from the kernel.' }) };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(Inspect);
    if (flags.enforced) {
      const enforced = await readEnforced(args.container);
      const missing = missingControls(enforced);
      if (this.jsonEnabled()) this.logJson({ ...enforced });
      else this.log(enforcedText(enforced));
      return missing.length === 0 ? ExitCode.ok : ExitCode.findings;
    }
    const container = await findContainer(args.container);
    const config = await readConfig(container);
    if (this.jsonEnabled()) this.logJson({ container, plan: config ?? null });
    else this.log(containerText(container, config, Date.now()));
    return ExitCode.ok;
  }
}
