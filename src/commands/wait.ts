// SPDX-License-Identifier: Apache-2.0
import { Args, Command } from '../cli/command.ts';
import { onEach } from '../cli/each.ts';
import { waitContainer } from '../runtime/containers/containers.ts';

export default class Wait extends Command {
  static override id = 'wait';
  static override summary = 'Wait for containers and print their exit codes.';
  static override examples = ['$ secure wait job', '$ code=$(secure wait job)'];
  static override args = { container: Args.string({ required: true, multiple: true, description: 'Names or ids.' }) };

  async run(): Promise<number> {
    const { args } = await this.parse(Wait);
    return onEach(args.container, this.jsonEnabled(), waitContainer, String);
  }
}
