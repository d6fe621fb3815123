// SPDX-License-Identifier: Apache-2.0
import { ago } from '../../cli/ago.ts';
import { Args, Command, Flags } from '../../cli/command.ts';
import { type Column, table } from '../../cli/table.ts';
import { nameFilter } from '../../runtime/images/filter.ts';
import { formatBytes } from '../../runtime/images/format.ts';
import type { ImageRecord } from '../../runtime/images/records.ts';
import { ImageStore } from '../../runtime/images/store.ts';

function columns(full: boolean, now: number): Column<ImageRecord>[] {
  return [
    { title: 'REFERENCE', value: ({ reference }) => reference },
    { title: 'DIGEST', value: ({ digest }) => (full ? digest : digest.slice(0, 19)) },
    { title: 'ORIGIN', value: ({ origin }) => origin },
    { title: 'ADDED', value: ({ created }) => ago(created, now) },
    { title: 'SIZE', value: ({ size }) => formatBytes(size) },
  ];
}

export default class ImageLs extends Command {
  static override id = 'image:ls';
  static override store = true;
  static override summary = 'List images.';
  static override examples = [
    '$ secure image ls',
    '$ secure image ls nginx localhost/app:1',
    '$ secure image ls --json',
    '$ secure image rm $(secure image ls -q)',
  ];
  static override args = {
    name: Args.string({ multiple: true, description: 'Only these; without a tag all tags of the name.' }),
  };
  static override flags = {
    quiet: Flags.boolean({ char: 'q', description: 'Only references.' }),
    'no-trunc': Flags.boolean({ description: 'Whole digests.' }),
    digests: Flags.boolean({ description: 'The same.' }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ImageLs);
    const filters = (args.name ?? []).map(nameFilter);
    const all = await (await ImageStore.open()).list();
    const images = filters.length === 0 ? all : all.filter((image) => filters.some((matches) => matches(image)));
    if (this.jsonEnabled()) this.logJson({ images });
    else if (flags.quiet) for (const { reference } of images) this.log(reference);
    else this.log(table(images, columns(flags['no-trunc'] || flags.digests, Date.now())));
  }
}
