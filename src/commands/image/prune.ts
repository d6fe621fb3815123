// SPDX-License-Identifier: Apache-2.0
import { Command } from '../../cli/command.ts';
import { formatBytes } from '../../runtime/images/format.ts';
import { ImageStore } from '../../runtime/images/store.ts';

export default class ImagePrune extends Command {
  static override id = 'image:prune';
  static override summary = 'Remove blobs, layers and leftovers that no image and no container needs.';
  static override examples = ['$ secure image prune'];

  async run(): Promise<undefined> {
    await this.parse(ImagePrune);
    const swept = await (await ImageStore.open()).prune();
    if (this.jsonEnabled()) this.logJson({ ...swept });
    else
      this.log(
        `removed ${swept.blobs.length} blobs, ${swept.layers.length} layers, ${swept.temporary.length} leftovers; freed ${formatBytes(swept.freed)}`,
      );
  }
}
