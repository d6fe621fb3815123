// SPDX-License-Identifier: Apache-2.0
import { Command, Flags } from '../../cli/command.ts';
import { progress } from '../../cli/progress.ts';
import { SecureError } from '../../errors.ts';
import { loadImages } from '../../runtime/images/import/load.ts';
import { parsePlatform } from '../../runtime/images/oci/platform.ts';
import { ImageStore } from '../../runtime/images/store.ts';

export default class ImageLoad extends Command {
  static override id = 'image:load';
  static override store = true;
  static override summary = 'Bring all images of an archive in.';
  static override description =
    'The output of `docker save`, `podman save` or `secure image save`, or an OCI image layout (directory or tar), plain or compressed. Either all images ' +
    'come in or none. A name that the archive gives takes nothing from an image that has it already, unless --force says so.';
  static override examples = ['$ secure image load -i images.tar', '$ docker save nginx redis | secure image load'];
  static override flags = {
    input: Flags.string({ char: 'i', description: 'File, directory or -, which is stdin.', default: '-' }),
    platform: Flags.string({ description: 'Which image of several of one name.', helpValue: 'OS/ARCH[/VARIANT]' }),
    force: Flags.boolean({ char: 'f', description: 'Take the names from other images.' }),
  };

  async run(): Promise<undefined> {
    const { flags } = await this.parse(ImageLoad);
    if (flags.input === '-' && process.getBuiltinModule('node:tty').isatty(0)) {
      throw new SecureError('MISSING_ARGUMENT', 'there is no archive: stdin is a terminal', {
        hint: 'name a file with --input FILE, or pipe one in',
      });
    }
    const store = await ImageStore.open(undefined, progress(this.jsonEnabled()));
    const images = await loadImages(store, flags.input, {
      force: flags.force,
      ...(flags.platform === undefined ? {} : { platform: parsePlatform(flags.platform) }),
    });
    if (this.jsonEnabled()) this.logJson({ images });
    else for (const { reference, digest } of images) this.log(`${reference}@${digest}`);
  }
}
