// SPDX-License-Identifier: Apache-2.0
import { archiveOutput, outputRefused } from '../../cli/archive-output.ts';
import { Args, Command, Flags } from '../../cli/command.ts';
import { interruptible } from '../../cli/interrupt.ts';
import { SAVE_FORMATS, type SaveFormat, saveImages } from '../../runtime/images/save/save.ts';
import { ImageStore } from '../../runtime/images/store.ts';

function standardOutput(format: string, json: boolean): (chunk: Buffer) => void {
  if (format === 'oci-dir') throw outputRefused('a directory cannot go to stdout');
  return archiveOutput(json);
}

export default class ImageSave extends Command {
  static override id = 'image:save';
  static override store = true;
  static override summary = 'Write images to an archive.';
  static override description =
    'For `secure image load`, docker, podman and skopeo. Layers that several images have are in it once. The same images give the same bytes. ' +
    'docker-archive has no manifest, so the digest of an image is another after it is loaded; oci-archive and oci-dir keep it.';
  static override examples = [
    '$ secure image save nginx redis -o images.tar',
    '$ secure image save app --format oci-archive | ssh host secure image load',
    '$ secure image save app --format oci-dir -o ./layout',
  ];
  static override args = { image: Args.string({ required: true, multiple: true, description: 'References.' }) };
  static override flags = {
    output: Flags.string({ char: 'o', description: 'Where to; default: stdout.', helpValue: 'FILE' }),
    format: Flags.string({ options: SAVE_FORMATS, description: 'Form of the archive.', default: 'docker-archive' }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ImageSave);
    const to = flags.output ?? standardOutput(flags.format, this.jsonEnabled());
    const store = await ImageStore.open();
    const format = flags.format as SaveFormat;
    const images = await interruptible((signal) => saveImages(store, args.image, { format, to, signal }));
    if (this.jsonEnabled()) this.logJson({ images, output: flags.output });
  }
}
