// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../cli/command.ts';
import { progress } from '../cli/progress.ts';
import { commitContainer } from '../runtime/build/commit.ts';
import type { Compression } from '../runtime/images/layer/pack.ts';
import { ImageStore } from '../runtime/images/store.ts';
import { compressionFlag } from './image/compression-flag.ts';

export default class Commit extends Command {
  static override id = 'commit';
  static override summary = 'Make an image of a container.';
  static override description =
    'What the container wrote becomes a layer on the image that it was made from; volumes and other mounts are no part of it. One that runs is taken as it is ' +
    'meanwhile: stop it first where that matters. What such an image was made of nobody can tell: for anything that lasts, write a Dockerfile.';
  static override examples = [
    '$ secure commit web web-debug',
    `$ secure commit -c 'CMD ["nginx"]' -c 'USER www-data' web web:fixed`,
  ];
  static override args = {
    container: Args.string({ required: true, description: 'Name, id or the beginning of one.' }),
    image: Args.string({ required: true, description: 'Name of the image.' }),
  };
  static override flags = {
    change: Flags.string({
      char: 'c',
      multiple: true,
      description: 'Instruction that changes the config.',
      helpValue: 'INSTRUCTION',
    }),
    author: Flags.string({ char: 'a', description: 'Who made it.', helpValue: 'NAME' }),
    compression: compressionFlag,
    message: Flags.string({ char: 'm', description: 'What the history says.', helpValue: 'TEXT' }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(Commit);
    const store = await ImageStore.open(undefined, progress(this.jsonEnabled()));
    const record = await commitContainer(store, args.container, args.image, {
      changes: flags.change ?? [],
      author: flags.author,
      message: flags.message,
      compression: flags.compression as Compression,
    });
    if (this.jsonEnabled()) this.logJson({ image: record });
    else this.log(`${record.reference}@${record.digest}`);
  }
}
