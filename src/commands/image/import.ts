// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../../cli/command.ts';
import { progress } from '../../cli/progress.ts';
import { importImage } from '../../runtime/images/import/import.ts';
import { parsePlatform } from '../../runtime/images/oci/platform.ts';
import { parseSettings } from '../../runtime/images/settings.ts';
import { ImageStore } from '../../runtime/images/store.ts';
import { SETTINGS_FLAGS } from './settings-flags.ts';

export default class ImageImport extends Command {
  static override id = 'image:import';
  static override store = true;
  static override summary = 'Bring an image in from a file or directory.';
  static override description =
    'An OCI image layout (directory or tar), the output of `docker save`, or a tar of a root file system; gzip and zstd are unpacked, ' +
    '- is stdin. Everything is verified before anything is visible. The settings are for a root file system only.';
  static override examples = [
    '$ secure image import ./layout --name app',
    '$ docker save nginx | secure image import -',
    '$ secure image import rootfs.tar.zst --rootfs --name base --cmd /bin/sh',
  ];
  static override args = { path: Args.string({ required: true, description: 'File, directory or -.' }) };
  static override flags = {
    name: Flags.string({
      description: 'Reference to give it; a short one is below localhost/.',
      helpValue: 'REFERENCE',
    }),
    platform: Flags.string({ description: 'Which image of several.', helpValue: 'OS/ARCH[/VARIANT]' }),
    rootfs: Flags.boolean({ description: 'Take the archive for a root file system whatever it holds.' }),
    ...SETTINGS_FLAGS,
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ImageImport);
    const store = await ImageStore.open(undefined, progress(this.jsonEnabled()));
    const record = await importImage(store, args.path, {
      rootfs: flags.rootfs,
      settings: parseSettings(flags),
      ...(flags.name === undefined ? {} : { name: flags.name }),
      ...(flags.platform === undefined ? {} : { platform: parsePlatform(flags.platform) }),
    });
    if (this.jsonEnabled()) this.logJson({ image: record });
    else this.log(`${record.reference}@${record.digest}`);
  }
}
