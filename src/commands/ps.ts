// SPDX-License-Identifier: Apache-2.0
import { ago, statusText } from '../cli/ago.ts';
import { Command, Flags } from '../cli/command.ts';
import { type Column, table } from '../cli/table.ts';
import { type Container, isLive, listContainers, readConfig } from '../runtime/containers/containers.ts';

interface Row {
  readonly container: Container;
  readonly command: string;
}

const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

function columns(full: boolean, now: number): Column<Row>[] {
  return [
    { title: 'CONTAINER ID', value: ({ container }) => (full ? container.id : container.id.slice(0, 12)) },
    { title: 'IMAGE', value: ({ container }) => container.image },
    { title: 'COMMAND', value: ({ command }) => (full ? command : cut(command, 24)) },
    { title: 'PROFILE', value: ({ container }) => container.profile },
    { title: 'CREATED', value: ({ container }) => ago(container.created, now) },
    { title: 'STATUS', value: ({ container }) => statusText(container, now) },
    { title: 'NAMES', value: ({ container }) => container.name },
  ];
}

export default class Ps extends Command {
  static override id = 'ps';
  static override summary = 'List containers.';
  static override examples = ['$ secure ps', '$ secure ps -a --no-trunc', '$ secure rm $(secure ps -aq)'];
  static override flags = {
    all: Flags.boolean({ char: 'a', description: 'Ended ones too.' }),
    quiet: Flags.boolean({ char: 'q', description: 'Only ids.' }),
    'no-trunc': Flags.boolean({ description: 'Whole ids and commands.' }),
  };

  async run(): Promise<undefined> {
    const { flags } = await this.parse(Ps);
    const all = await listContainers();
    const shown = flags.all ? all : all.filter(isLive);
    if (this.jsonEnabled()) {
      this.logJson({ containers: shown });
      return;
    }
    const full = flags['no-trunc'];
    if (flags.quiet) {
      for (const { id } of shown) this.log(full ? id : id.slice(0, 12));
      return;
    }
    const rows = await Promise.all(
      shown.map(async (container) => ({
        container,
        command: (await readConfig(container))?.process?.args?.join(' ') ?? '',
      })),
    );
    this.log(table(rows, columns(full, Date.now())));
  }
}
