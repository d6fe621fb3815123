// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../cli/command.ts';
import { onEach } from '../cli/each.ts';
import { removeContainer } from '../runtime/containers/containers.ts';

export default class Rm extends Command {
  static override id = 'rm';
  static override summary = 'Remove containers.';
  static override examples = ['$ secure rm web', '$ secure rm -f web db'];
  static override args = { container: Args.string({ required: true, multiple: true, description: 'Names or ids.' }) };
  static override flags = { force: Flags.boolean({ char: 'f', description: 'Kill one that is running.' }) };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(Rm);
    return onEach(args.container, this.jsonEnabled(), (name) => removeContainer(name, flags.force));
  }
}
