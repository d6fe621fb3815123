// SPDX-License-Identifier: Apache-2.0
import { Args, Command } from '../../cli/command.ts';
import { ImageStore } from '../../runtime/images/store.ts';
import { tagImage } from '../../runtime/images/tag.ts';

export default class ImageTag extends Command {
  static override id = 'image:tag';
  static override store = true;
  static override summary = 'Give an image further names.';
  static override description =
    'A short name is below localhost/. A name that another image has is taken from it. Where the image is from stays known.';
  static override examples = ['$ secure image tag nginx web', '$ secure image tag app registry.example/team/app:1.2'];
  static override args = {
    source: Args.string({ required: true, description: 'Reference.' }),
    target: Args.string({ required: true, multiple: true, description: 'New references.' }),
  };

  async run(): Promise<undefined> {
    const { args } = await this.parse(ImageTag);
    const images = await tagImage(await ImageStore.open(), args.source, args.target);
    if (this.jsonEnabled()) this.logJson({ images });
    else for (const { reference, digest } of images) this.log(`${reference}@${digest}`);
  }
}
