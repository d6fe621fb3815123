// SPDX-License-Identifier: Apache-2.0
import { archiveOutput } from '../cli/archive-output.ts';
import { Args, Command, Flags } from '../cli/command.ts';
import { interruptible } from '../cli/interrupt.ts';
import { exportContainer } from '../runtime/containers/export.ts';
import { toFile } from '../runtime/images/save/destination.ts';

export default class Export extends Command {
  static override id = 'export';
  static override summary = 'Write the files of a container to an archive.';
  static override description =
    'As a process in it would see them, without what is mounted there. `secure image import FILE --name NAME` makes an image of one layer of it.';
  static override examples = ['$ secure export web -o web.tar', '$ secure export web | tar -t'];
  static override args = {
    container: Args.string({ required: true, description: 'Name, id or the beginning of one.' }),
  };
  static override flags = {
    output: Flags.string({ char: 'o', description: 'Where to; default: stdout.', helpValue: 'FILE' }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(Export);
    const { output } = flags;
    const { id } = await interruptible(async (signal) => {
      if (output === undefined) return exportContainer(args.container, archiveOutput(this.jsonEnabled()), signal);
      let container: Awaited<ReturnType<typeof exportContainer>> | undefined;
      await toFile(output, async (write) => {
        container = await exportContainer(args.container, write, signal);
      });
      return container ?? { id: '' };
    });
    if (this.jsonEnabled()) this.logJson({ container: id, output });
  }
}
