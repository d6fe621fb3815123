// SPDX-License-Identifier: Apache-2.0
import { Args, Command } from '../../cli/command.ts';
import { ImageStore } from '../../runtime/images/store.ts';

export default class ImageInspect extends Command {
  static override id = 'image:inspect';
  static override summary = 'Show everything about an image, as JSON.';
  static override examples = [
    '$ secure image inspect busybox',
    '$ secure image inspect localhost/nginx:latest | jq .config.config',
  ];
  static override args = { image: Args.string({ required: true, description: 'Reference.' }) };

  async run(): Promise<undefined> {
    const { args } = await this.parse(ImageInspect);
    const { record, raw } = await (await ImageStore.open()).inspect(args.image);
    this.logJson({
      ...record,
      manifest: JSON.parse(raw.manifest.toString('utf8')) as unknown,
      config: JSON.parse(raw.config.toString('utf8')) as unknown,
    });
  }
}
