// SPDX-License-Identifier: Apache-2.0
import { AuditCommand } from '../../cli/audit/command.ts';
import { auditContainers, auditRunning } from '../../cli/audit/containers.ts';
import { AUDIT_FLAGS } from '../../cli/audit/flags.ts';
import { Args, Flags } from '../../cli/command.ts';
import { SecureError } from '../../errors.ts';

export default class AuditContainer extends AuditCommand {
  static override id = 'audit:container';
  static override summary = 'Audit containers: what was planned, and what the kernel says is in force.';
  static override examples = [
    '$ secure audit container web',
    '$ secure audit container --all --fail-on critical',
    '$ secure audit container --json web | jq .audited[0].score',
  ];
  static override args = { container: Args.string({ multiple: true, description: 'Names or ids.' }) };
  static override flags = { all: Flags.boolean({ description: 'All that run.' }), ...AUDIT_FLAGS };

  async run(): Promise<number> {
    const { argv, flags } = await this.parse(AuditContainer);
    if (argv.length === 0 && !flags.all) {
      throw new SecureError('MISSING_ARGUMENT', "'secure audit container' needs CONTAINER or --all", {
        hint: "'secure ps' lists those that run",
      });
    }
    if (argv.length > 0 && flags.all) {
      throw new SecureError('USAGE', 'names and --all cannot be used together', { hint: '--all is all that run' });
    }
    return this.audit(flags, () => (flags.all ? auditRunning() : auditContainers(argv)));
  }
}
