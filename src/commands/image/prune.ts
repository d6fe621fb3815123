// SPDX-License-Identifier: Apache-2.0
import { Command, Flags } from '../../cli/command.ts';
import { printable } from '../../cli/output.ts';
import { formatBytes } from '../../runtime/images/format.ts';
import { ImageStore } from '../../runtime/images/store.ts';

export default class ImagePrune extends Command {
  static override id = 'image:prune';
  static override store = true;
  static override summary = 'Remove blobs, layers and leftovers that no image and no container needs.';
  static override description = 'Images stay, unless --all says that those go too from which no container was made.';
  static override examples = [
    '$ secure image prune',
    '$ secure image prune --all',
    '$ secure image prune --build-cache',
  ];
  static override flags = {
    all: Flags.boolean({ char: 'a', description: 'Images that no container uses, too.' }),
    'build-cache': Flags.boolean({ description: 'Steps and directories that `image build` keeps, too.' }),
  };

  async run(): Promise<undefined> {
    const { flags } = await this.parse(ImagePrune);
    const store = await ImageStore.open();
    const cache = flags['build-cache'];
    const { references, swept } = flags.all
      ? await store.pruneAll(cache)
      : { references: [], swept: await store.prune(cache) };
    if (this.jsonEnabled()) {
      this.logJson({ removed: references, ...swept });
      return;
    }
    const lines = [
      ...references.map((reference) => `image ${reference}`),
      ...swept.blobs.map((digest) => `blob ${digest}`),
      ...swept.layers.map((diffId) => `layer ${diffId}`),
      ...swept.temporary.map((name) => `temporary ${name}`),
    ];
    for (const line of lines) this.log(printable(line));
    this.log(
      `removed ${references.length} images, ${swept.blobs.length} blobs, ${swept.layers.length} layers, ${swept.temporary.length} leftovers; freed ${formatBytes(swept.freed)}`,
    );
  }
}
