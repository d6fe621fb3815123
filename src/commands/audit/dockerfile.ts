// SPDX-License-Identifier: Apache-2.0
import { auditDockerfiles } from '../../audit/run.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
import { FIX_FLAGS } from '../../cli/audit/fix.ts';
import { AUDIT_FLAGS } from '../../cli/audit/flags.ts';
import { Args } from '../../cli/command.ts';

export default class AuditDockerfile extends AuditCommand {
  static override id = 'audit:dockerfile';
  static override summary = 'Audit build files before anything is built from them.';
  static override examples = [
    '$ secure audit dockerfile Dockerfile',
    '$ secure audit dockerfile --output findings.sarif services/*/Dockerfile',
    '$ secure audit dockerfile --fix --dry-run Dockerfile | git apply',
  ];
  static override args = { file: Args.string({ required: true, multiple: true, description: 'Dockerfiles.' }) };
  static override flags = { ...FIX_FLAGS, ...AUDIT_FLAGS };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(AuditDockerfile);
    return this.auditAndFix(
      flags,
      () => auditDockerfiles(args.file),
      async (audited, options) => {
        const { planDockerfiles } = await import('../../audit/fix/dockerfiles.ts');
        return planDockerfiles(args.file, audited, options);
      },
    );
  }
}
