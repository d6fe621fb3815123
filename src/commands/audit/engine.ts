// SPDX-License-Identifier: Apache-2.0
import type { RecordedTarget } from '../../audit/recorded.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
import { AUDITED_ENGINES, collectEngines, findEngines } from '../../cli/audit/engines.ts';
import { AUDIT_FLAGS } from '../../cli/audit/flags.ts';
import { auditFacts, FACTS_FLAGS } from '../../cli/audit/recorded.ts';
import { Args, Flags } from '../../cli/command.ts';
import { asTyped, valueFlag } from '../../cli/definitions.ts';

const ONLY: readonly RecordedTarget[] = ['engine'];
const ALL: readonly RecordedTarget[] = ['engine', 'image', 'container'];

export default class AuditEngine extends AuditCommand {
  static override id = 'audit:engine';
  static override summary = 'Audit docker, podman, containerd and CRI-O: the engine, its containers and its images.';
  static override description =
    'Those that listen where their clients look for them; root audits those of all users, too, as docker~NAME. Files of images that lie where ' +
    'nobody else can read them are packed by the engine, looked at and removed.';
  static override examples = [
    '$ secure audit engine',
    '$ secure audit engine docker --output docker.sarif --output docker.html',
    '$ secure audit engine --save-facts engine.facts',
    '$ secure audit engine podman --socket /run/user/1000/podman/podman.sock',
  ];
  static override args = {
    engine: Args.string({ options: AUDITED_ENGINES, description: 'Which one (default: every one that is found).' }),
  };
  static override flags = {
    socket: valueFlag(asTyped, { description: 'Where it listens.', helpValue: 'PATH' }),
    only: Flags.boolean({ description: 'The engine alone, without its containers and images.' }),
    ...FACTS_FLAGS,
    ...AUDIT_FLAGS,
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(AuditEngine);
    return this.audit(flags, async () => {
      const targets = flags.only ? ONLY : ALL;
      return auditFacts(flags, targets, async () =>
        (await collectEngines(findEngines(args.engine, flags.socket), { contents: !flags.only })).filter(({ target }) =>
          targets.includes(target),
        ),
      );
    });
  }
}
