// SPDX-License-Identifier: Apache-2.0
import { Args, Command } from '../cli/command.ts';
import { valueFlag } from '../cli/definitions.ts';
import { onEach } from '../cli/each.ts';
import { parseSeconds } from '../cli/values/time.ts';
import { stopContainer } from '../runtime/containers/containers.ts';

export default class Stop extends Command {
  static override id = 'stop';
  static override summary = 'Stop containers, first politely.';
  static override description = 'Sends the stop signal, waits, then kills whatever is left in the control group.';
  static override examples = ['$ secure stop web', '$ secure stop --time 30 web db'];
  static override args = { container: Args.string({ required: true, multiple: true, description: 'Names or ids.' }) };
  static override flags = {
    time: valueFlag(parseSeconds, { char: 't', description: 'Time to end before SIGKILL.', helpValue: 'SECONDS' }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(Stop);
    return onEach(args.container, this.jsonEnabled(), (name) => stopContainer(name, flags.time));
  }
}
