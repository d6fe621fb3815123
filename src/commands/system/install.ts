// SPDX-License-Identifier: Apache-2.0
import { Command, Flags } from '../../cli/command.ts';
import { changeLines, describeChanges } from '../../cli/engine-changes.ts';
import { printable } from '../../cli/output.ts';
import { runtimeBinary } from '../../runtime/binary.ts';
import { configureEngine } from '../../runtime/engines/install.ts';
import { ENGINES, type EngineName } from '../../runtime/engines/types.ts';

export default class Install extends Command {
  static override id = 'system:install';
  static override summary = 'Put the runtime and its policy underneath another engine.';
  static override description =
    'Writes the configuration of docker, podman, containerd or CRI-O, which then have a runtime `secure`: what it runs is held against the compiled policy, and hardened by ' +
    'it. Everything else in the configuration stays; --undo takes out what was written.';
  static override examples = [
    '$ secure system install --engine docker --default --dry-run',
    '$ secure system install --engine docker --default --policy baseline && systemctl reload docker',
    '$ secure system install --engine docker --undo',
  ];
  static override usage =
    'system install --engine NAME [--undo | [--default] [--policy POLICY]] [--config FILE] [--dry-run]';
  static override flags = {
    engine: Flags.string({ required: true, options: [...ENGINES], description: 'Which engine.' }),
    default: Flags.boolean({ description: 'For every new container, not only those that ask for it.' }),
    config: Flags.string({
      description: "Its configuration file, where it is not the engine's usual one.",
      helpValue: 'FILE',
    }),
    policy: Flags.string({
      description: 'Compile this one first: a file, or the name of a built-in policy.',
      helpValue: 'POLICY',
    }),
    undo: Flags.boolean({ description: 'Take it out again.', exclusive: ['default', 'policy'] }),
    'dry-run': Flags.boolean({ description: 'Change nothing, print what would be changed.' }),
  };

  async run(): Promise<undefined> {
    const { flags } = await this.parse(Install);
    const outcome = await configureEngine({
      engine: flags.engine as EngineName,
      file: flags.config,
      makeDefault: flags.default,
      undo: flags.undo,
      policy: flags.policy,
      dryRun: flags['dry-run'],
      runtime: runtimeBinary(),
    });
    const changes = describeChanges(outcome.changes);
    const { next, notes } = outcome;
    if (this.jsonEnabled()) this.logJson({ dryRun: flags['dry-run'], changes, next, notes });
    else for (const line of changeLines(changes, next, flags['dry-run'])) this.log(printable(line));
    for (const note of this.jsonEnabled() ? [] : notes) this.warn(note);
    return undefined;
  }
}
