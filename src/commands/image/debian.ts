// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../../cli/command.ts';
import { progress } from '../../cli/progress.ts';
import { buildDebian } from '../../runtime/images/debian/build.ts';
import { debianRequest } from '../../runtime/images/debian/request.ts';
import { VARIANTS } from '../../runtime/images/debian/variant.ts';
import { ImageStore } from '../../runtime/images/store.ts';
import { SETTINGS_FLAGS } from './settings-flags.ts';

export default class ImageDebian extends Command {
  static override id = 'image:debian';
  static override summary = 'Build an image from Debian packages.';
  static override description =
    "From the Debian archives that this host's apt is configured for, with mmdebstrap. Reproducible: the same packages of the same state of the archives, which --snapshot names, give the same digest. An SBOM is kept with it. " +
    'minimal only unpacks the packages and what they depend on; essential installs them on top of the essential ' +
    'packages; auto (the default) is minimal for packages that depend on no other.';
  static override examples = [
    '$ secure image debian busybox-static --name busybox',
    '$ secure image debian --recipe web.yaml',
    '$ secure image debian --recipe web.yaml --snapshot 20250520T000000Z --name web:2025-05-20',
    `$ secure image debian nginx-light --name nginx --port 80 --cmd '["nginx", "-g", "daemon off;"]'`,
  ];
  static override args = {
    package: Args.string({ multiple: true, description: 'Names of packages.' }),
  };
  static override flags = {
    recipe: Flags.string({ char: 'f', description: 'A file that says all of this.', helpValue: 'FILE' }),
    name: Flags.string({ description: 'Name, below localhost/.', helpValue: 'NAME[:TAG]' }),
    minimal: Flags.boolean({ description: 'Short for --variant minimal.' }),
    variant: Flags.string({ options: VARIANTS, description: 'What the packages stand on.' }),
    suite: Flags.string({ description: "Debian release; default: the host's.", helpValue: 'SUITE' }),
    snapshot: Flags.string({
      description: "Debian's archives as they were then.",
      helpValue: 'YYYYMMDDTHHMMSSZ|URL',
    }),
    'add-user': Flags.string({ multiple: true, description: 'An account.', helpValue: 'NAME:UID[:GID[:HOME]]' }),
    ...SETTINGS_FLAGS,
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ImageDebian);
    const store = await ImageStore.open(undefined, progress(this.jsonEnabled()));
    const record = await buildDebian(store, debianRequest(args.package ?? [], flags));
    if (this.jsonEnabled()) this.logJson({ image: record });
    else this.log(`${record.reference}@${record.digest}`);
  }
}
