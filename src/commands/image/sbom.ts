// SPDX-License-Identifier: Apache-2.0
import { Args, Command, Flags } from '../../cli/command.ts';
import { print } from '../../cli/output.ts';
import { imageSbom, SBOM_FORMATS, type SbomFormat } from '../../runtime/images/sbom/image.ts';
import { ImageStore } from '../../runtime/images/store.ts';

export default class ImageSbom extends Command {
  static override id = 'image:sbom';
  static override store = true;
  static override summary = 'Print the bill of materials of an image.';
  static override description =
    'Every package with its version. Of an image that was built here it is what was written then, and what `secure image push` sends along; of any other ' +
    'it is what the databases of dpkg, apk and rpm in its layers, the files of npm and PyPI, and programs of Go and Rust say. Other files are not listed.';
  static override examples = [
    '$ secure image sbom nginx > nginx.cdx.json',
    '$ secure image sbom nginx --format spdx',
    '$ secure image sbom nginx | jq -r \'.components[] | .name + " " + .version\'',
  ];
  static override args = { image: Args.string({ required: true, description: 'Reference.' }) };
  static override flags = {
    format: Flags.string({
      options: SBOM_FORMATS,
      description: 'CycloneDX 1.6 or SPDX 2.3, as JSON.',
      default: 'cyclonedx',
    }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ImageSbom);
    const { record, text, from, unread } = await imageSbom(
      await ImageStore.open(),
      args.image,
      flags.format as SbomFormat,
    );
    const { reference, digest } = record;
    for (const why of unread) this.warn(`packages that it lacks: ${why}`);
    if (this.jsonEnabled()) this.logJson({ reference, digest, from, sbom: JSON.parse(text) as object });
    else print(text);
  }
}
