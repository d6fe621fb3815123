// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../cli/command.ts';
import { valueFlag } from '../cli/definitions.ts';
import { parseDetachKeys } from '../cli/values/monitor.ts';
import { ExitCode } from '../errors.ts';
import { attachArguments } from '../runtime/containers/containers.ts';
import { rootsFromEnv } from '../runtime/images/roots.ts';
import { becomeRuntime, requireRoot } from '../runtime/launch.ts';

export default class Attach extends Command {
  static override id = 'attach';
  static override summary = 'Connect to a detached container.';
  static override description =
    'Shows what it prints from now on, and passes input on where it was started with -i. Ends with the exit code of the container, or with 0 after the detach keys, by which it goes on.';
  static override examples = ['$ secure attach web', '$ secure attach --detach-keys ctrl-x,x shell'];
  static override failureCode = ExitCode.container;
  static override args = {
    container: Args.string({ required: true, description: 'Name, id or the beginning of one.' }),
  };
  static override flags = {
    'detach-keys': valueFlag(parseDetachKeys, {
      description: "Keys that end this, '' for none; ctrl-p,ctrl-q when not given.",
      helpValue: 'KEYS',
    }),
    'no-stdin': Flags.boolean({ description: 'Only show output.' }),
    'no-sig-proxy': Flags.boolean({ description: 'Signals end this, instead of being passed on.' }),
  };

  async run(): Promise<number | undefined> {
    const { args, flags } = await this.parse(Attach);
    requireRoot(process.geteuid?.() ?? -1);
    const native = attachArguments(args.container, {
      stdin: !flags['no-stdin'],
      proxySignals: !flags['no-sig-proxy'],
      ...(flags['detach-keys'] === undefined ? {} : { detachKeys: flags['detach-keys'] }),
    });
    return becomeRuntime([...(this.jsonEnabled() ? ['--error-format', 'json'] : []), ...native], rootsFromEnv());
  }
}
