// SPDX-License-Identifier: Apache-2.0
import { auditCompose } from '../../audit/run.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
import { AUDIT_FLAGS } from '../../cli/audit/flags.ts';
import { Args } from '../../cli/command.ts';
import { COMPOSE_FILE, filesOf } from '../../cli/corpus.ts';

export default class AuditCompose extends AuditCommand {
  static override id = 'audit:compose';
  static override summary = 'Audit compose files: every service, with what it extends.';
  static override examples = [
    '$ secure audit compose compose.yaml',
    '$ secure audit compose --output findings.sarif services/',
  ];
  static override args = {
    path: Args.string({
      required: true,
      multiple: true,
      description: 'Compose files, directories with such, or - for standard input.',
    }),
  };
  static override flags = AUDIT_FLAGS;

  async run(): Promise<number> {
    const { args, flags } = await this.parse(AuditCompose);
    return this.audit(flags, async () => {
      const audited = await auditCompose(args.path.flatMap((path) => filesOf(path, COMPOSE_FILE)));
      if (audited.length === 0) this.note(`no service is in ${args.path.join(', ')}`);
      return audited;
    });
  }
}
