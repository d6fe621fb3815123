// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../../cli/command.ts';
import { progress } from '../../cli/progress.ts';
import { buildDebian, VARIANTS, type Variant } from '../../runtime/images/debian/build.ts';
import { parseSettings } from '../../runtime/images/settings.ts';
import { ImageStore } from '../../runtime/images/store.ts';
import { SETTINGS_FLAGS } from './settings-flags.ts';

export default class ImageDebian extends Command {
  static override id = 'image:debian';
  static override summary = 'Build an image from Debian packages.';
  static override description =
    "From the Debian archives that this host's apt is configured for, with mmdebstrap. Reproducible: the same packages give the same digest. " +
    'minimal only unpacks the packages and what they depend on; essential installs them on top of the essential ' +
    'packages; auto (the default) is minimal for packages that depend on no other.';
  static override examples = [
    '$ secure image debian busybox-static --name busybox',
    `$ secure image debian nginx-light --name nginx --port 80 --cmd '["nginx", "-g", "daemon off;"]'`,
  ];
  static override args = {
    package: Args.string({ required: true, multiple: true, description: 'Names of packages.' }),
  };
  static override flags = {
    name: Flags.string({ required: true, description: 'Name, below localhost/.', helpValue: 'NAME[:TAG]' }),
    minimal: Flags.boolean({ description: 'Short for --variant minimal.' }),
    variant: Flags.string({ options: VARIANTS, description: 'What the packages stand on.' }),
    suite: Flags.string({ description: "Debian release; default: the host's.", helpValue: 'SUITE' }),
    ...SETTINGS_FLAGS,
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ImageDebian);
    const store = await ImageStore.open(undefined, progress(this.jsonEnabled()));
    const record = await buildDebian(store, {
      packages: args.package,
      name: flags.name,
      variant: flags.minimal ? 'minimal' : ((flags.variant ?? 'auto') as Variant),
      settings: parseSettings(flags),
      ...(flags.suite === undefined ? {} : { suite: flags.suite }),
    });
    if (this.jsonEnabled()) this.logJson({ image: record });
    else this.log(`${record.reference}@${record.digest}`);
  }
}
