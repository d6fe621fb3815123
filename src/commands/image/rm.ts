// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../../cli/command.ts';
import { formatBytes } from '../../runtime/images/format.ts';
import { ImageStore } from '../../runtime/images/store.ts';

export default class ImageRm extends Command {
  static override id = 'image:rm';
  static override store = true;
  static override summary = 'Remove images, and what only they needed.';
  static override examples = ['$ secure image rm busybox', '$ secure image rm --force localhost/nginx:1.22'];
  static override args = { image: Args.string({ required: true, multiple: true, description: 'References.' }) };
  static override flags = {
    force: Flags.boolean({
      char: 'f',
      description: 'Even when a container was made from it; the container keeps its layers.',
    }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ImageRm);
    const { references, swept } = await (await ImageStore.open()).remove(args.image, { force: flags.force });
    if (this.jsonEnabled()) {
      this.logJson({ removed: references, ...swept });
      return;
    }
    for (const reference of references) this.log(reference);
    this.note(`freed ${formatBytes(swept.freed)} and ${swept.layers.length} unpacked layers`);
  }
}
