// SPDX-License-Identifier: Apache-2.0
import { auditCompose } from '../../audit/run.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
import { FIX_FLAGS, refuseStdin } from '../../cli/audit/fix.ts';
import { AUDIT_FLAGS } from '../../cli/audit/flags.ts';
import { Args } from '../../cli/command.ts';
import { COMPOSE_FILE, filesOf } from '../../cli/corpus.ts';

export default class AuditCompose extends AuditCommand {
  static override id = 'audit:compose';
  static override summary = 'Audit compose files: every service, with what it extends.';
  static override examples = [
    '$ secure audit compose compose.yaml',
    '$ secure audit compose --output findings.sarif services/',
    '$ secure audit compose --fix --dry-run compose.yaml',
  ];
  static override args = {
    path: Args.string({
      required: true,
      multiple: true,
      description: 'Compose files, directories with such, or - for standard input.',
    }),
  };
  static override flags = { ...FIX_FLAGS, ...AUDIT_FLAGS };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(AuditCompose);
    refuseStdin(flags, args.path);
    const files = () => args.path.flatMap((path) => filesOf(path, COMPOSE_FILE));
    const collect = async () => {
      const audited = await auditCompose(files());
      if (audited.length === 0) this.note(`no service is in ${args.path.join(', ')}`);
      return audited;
    };
    return this.auditAndFix(flags, collect, async (audited, options) => {
      const { planCompose } = await import('../../audit/fix/manifests.ts');
      return planCompose(files(), audited, options);
    });
  }
}
