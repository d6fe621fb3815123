// SPDX-License-Identifier: Apache-2.0
import { ago } from '../../cli/ago.ts';
import { Args, Command, Flags } from '../../cli/command.ts';
import { type Column, table } from '../../cli/table.ts';
import { formatBytes } from '../../runtime/images/format.ts';
import { type HistoryEntry, imageHistory } from '../../runtime/images/history.ts';
import { ImageStore } from '../../runtime/images/store.ts';

/** Characters of a step without --no-trunc, as docker has it. */
const STEP = 45;
const cut = (text: string) => (text.length > STEP ? `${text.slice(0, STEP - 1)}…` : text);
const sizeText = ({ layer }: HistoryEntry) => formatBytes(layer === null ? 0 : (layer.unpacked ?? layer.size));

function columns(full: boolean, now: number): Column<HistoryEntry>[] {
  const shown = full ? (text: string) => text : cut;
  return [
    { title: 'LAYER', value: ({ layer }) => (full ? layer?.diffId : layer?.diffId.slice(0, 19)) ?? '-' },
    { title: 'CREATED', value: ({ created }) => (full ? (created ?? '') : ago(created, now)) },
    { title: 'CREATED BY', value: ({ createdBy }) => shown(createdBy) },
    { title: 'SIZE', value: sizeText },
    { title: 'COMMENT', value: ({ comment }) => shown(comment) },
  ];
}

export default class ImageHistory extends Command {
  static override id = 'image:history';
  static override store = true;
  static override summary = 'Show how an image came to be, newest step first.';
  static override description =
    'This is what its maker says. The size is that of the unpacked layer, or of the stored one while it is not unpacked.';
  static override examples = [
    '$ secure image history nginx',
    '$ secure image history --no-trunc nginx',
    '$ secure image history --json nginx | jq .history[0].createdBy',
  ];
  static override args = { image: Args.string({ required: true, description: 'Reference.' }) };
  static override flags = { 'no-trunc': Flags.boolean({ description: 'Whole steps, digests and times.' }) };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ImageHistory);
    const { record, history } = await imageHistory(await ImageStore.open(), args.image);
    if (this.jsonEnabled()) this.logJson({ reference: record.reference, digest: record.digest, history });
    else this.log(table(history, columns(flags['no-trunc'], Date.now())));
  }
}
