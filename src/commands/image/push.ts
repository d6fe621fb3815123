// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../../cli/command.ts';
import { progress } from '../../cli/progress.ts';
import { ImageStore } from '../../runtime/images/store.ts';
import { pushImage } from '../../runtime/registry/push/image.ts';

export default class ImagePush extends Command {
  static override id = 'image:push';
  static override store = true;
  static override summary = 'Send an image to a registry.';
  static override description =
    'Byte for byte: it has the same digest there. What the registry has is not sent again, not even from another repository of it. ' +
    'Without a destination it goes where its name says. Credentials are those of `secure login`, `docker login` and `podman login`.';
  static override examples = [
    '$ secure image push localhost/app registry.example/team/app:1.2',
    '$ secure image push registry.example/team/app:1.2',
  ];
  static override args = {
    image: Args.string({ required: true, description: 'Reference of an image of the store.' }),
    destination: Args.string({ description: 'Reference that it gets in its registry.' }),
  };
  static override flags = {
    'image-only': Flags.boolean({ description: 'Without SBOMs and whatever else belongs to it.' }),
    quiet: Flags.boolean({ char: 'q', description: 'No progress.' }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ImagePush);
    const store = await ImageStore.open(undefined, progress(this.jsonEnabled() || flags.quiet));
    const pushed = await pushImage(store, args.image, args.destination, { imageOnly: flags['image-only'] });
    if (this.jsonEnabled()) this.logJson({ ...pushed });
    else this.log(`${pushed.destination.split('@', 1)[0]}@${pushed.digest}`);
  }
}
