// SPDX-License-Identifier: Apache-2.0
import { Args, Command } from '../../cli/command.ts';
import { print } from '../../cli/output.ts';
import { imageProvenance } from '../../runtime/images/provenance.ts';
import { ImageStore } from '../../runtime/images/store.ts';

export default class ImageProvenance extends Command {
  static override id = 'image:provenance';
  static override store = true;
  static override summary = 'Print how an image was built.';
  static override description =
    'SLSA provenance v1 as an in-toto statement: build file, arguments, base images by digest, what ADD fetched. `secure image push` sends it along, unsigned.';
  static override examples = [
    '$ secure image provenance app',
    "$ secure image provenance app | jq '.predicate.buildDefinition.resolvedDependencies'",
  ];
  static override args = { image: Args.string({ required: true, description: 'Reference.' }) };

  async run(): Promise<undefined> {
    const { args } = await this.parse(ImageProvenance);
    const { record, text } = await imageProvenance(await ImageStore.open(), args.image);
    const { reference, digest } = record;
    if (this.jsonEnabled()) this.logJson({ reference, digest, provenance: JSON.parse(text) as object });
    else print(`${text}\n`);
  }
}
