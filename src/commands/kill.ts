// SPDX-License-Identifier: Apache-2.0
import { Args, Command } from '../cli/command.ts';
import { valueFlag } from '../cli/definitions.ts';
import { onEach } from '../cli/each.ts';
import { parseSignal } from '../cli/values/signal.ts';
import { killContainer } from '../runtime/containers/containers.ts';

export default class Kill extends Command {
  static override id = 'kill';
  static override summary = 'Send a signal to containers.';
  static override examples = ['$ secure kill web', '$ secure kill -s HUP web'];
  static override args = { container: Args.string({ required: true, multiple: true, description: 'Names or ids.' }) };
  static override flags = {
    signal: valueFlag(parseSignal, { char: 's', description: 'Signal, SIGKILL when not given.', helpValue: 'SIGNAL' }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(Kill);
    return onEach(args.container, this.jsonEnabled(), (name) => killContainer(name, flags.signal ?? 'SIGKILL'));
  }
}
