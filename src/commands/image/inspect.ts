// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../../cli/command.ts';
import { treeText } from '../../cli/image-tree.ts';
import { ImageStore } from '../../runtime/images/store.ts';
import { imageTree } from '../../runtime/images/tree.ts';

async function inspected(store: ImageStore, text: string): Promise<Record<string, unknown>> {
  const { record, raw } = await store.inspect(text);
  return {
    ...record,
    manifest: JSON.parse(raw.manifest.toString('utf8')) as unknown,
    config: JSON.parse(raw.config.toString('utf8')) as unknown,
  };
}

export default class ImageInspect extends Command {
  static override id = 'image:inspect';
  static override store = true;
  static override summary = 'Show everything about an image, as JSON.';
  static override description =
    'Of several images a list, `images`, in the order in which they are named. With --tree: what each layer added, changed and deleted, which bytes that ' +
    'wastes, and which files are set-id or have capabilities.';
  static override examples = [
    '$ secure image inspect busybox',
    '$ secure image inspect localhost/nginx:latest | jq .config.config',
    '$ secure image inspect nginx redis | jq .images[].digest',
    '$ secure image inspect --tree nginx',
  ];
  static override args = { image: Args.string({ required: true, multiple: true, description: 'References.' }) };
  static override flags = { tree: Flags.boolean({ description: 'Who wrote what, layer by layer.' }) };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ImageInspect);
    const store = await ImageStore.open();
    if (flags.tree) {
      const trees = [];
      for (const text of args.image) trees.push(await imageTree(store, text));
      if (this.jsonEnabled()) this.logJson({ images: trees });
      else for (const tree of trees) this.log(`${tree.record.reference}@${tree.record.digest}\n\n${treeText(tree)}`);
      return;
    }
    const images: Record<string, unknown>[] = [];
    for (const text of args.image) images.push(await inspected(store, text));
    this.logJson(images.length === 1 ? { ...images[0] } : { images });
  }
}
