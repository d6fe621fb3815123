// SPDX-License-Identifier: Apache-2.0
import { Args, Command } from '../cli/command.ts';
import { print, printable } from '../cli/output.ts';
import { diffContainer } from '../runtime/containers/diff.ts';

export default class Diff extends Command {
  static override id = 'diff';
  static override summary = 'Show what a container changed in its root file system.';
  static override description =
    'A: added, C: changed, D: deleted, with what was in it. What is in volumes and other mounts is no part of the root.';
  static override examples = ['$ secure diff web', '$ secure diff --json web | jq .changes[].path'];
  static override args = {
    container: Args.string({ required: true, description: 'Name, id or the beginning of one.' }),
  };

  async run(): Promise<undefined> {
    const { args } = await this.parse(Diff);
    const { container, changes } = await diffContainer(args.container);
    if (this.jsonEnabled()) this.logJson({ container: container.id, changes });
    else print(changes.map(({ mark, path }) => `${mark} ${printable(path)}\n`).join(''));
  }
}
