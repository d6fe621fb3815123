// SPDX-License-Identifier: Apache-2.0
import { auditDockerfiles } from '../../audit/run.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
import { FIX_FLAGS, refuseStdin } from '../../cli/audit/fix.ts';
import { AUDIT_FLAGS } from '../../cli/audit/flags.ts';
import { Args } from '../../cli/command.ts';
import { BUILD_FILE, filesOf } from '../../cli/corpus.ts';

export default class AuditDockerfile extends AuditCommand {
  static override id = 'audit:dockerfile';
  static override summary = 'Audit build files before anything is built from them.';
  static override examples = [
    '$ secure audit dockerfile Dockerfile',
    '$ secure audit dockerfile --output findings.sarif services/',
    '$ git show main:Dockerfile | secure audit dockerfile -',
    '$ secure audit dockerfile --fix --dry-run Dockerfile | git apply',
  ];
  static override args = {
    path: Args.string({
      required: true,
      multiple: true,
      description: 'Dockerfiles, directories with such, or - for standard input.',
    }),
  };
  static override flags = { ...FIX_FLAGS, ...AUDIT_FLAGS };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(AuditDockerfile);
    refuseStdin(flags, args.path);
    const files = () => args.path.flatMap((path) => filesOf(path, BUILD_FILE));
    const collect = async () => {
      const audited = await auditDockerfiles(files());
      if (audited.length === 0) this.note(`no Dockerfile is in ${args.path.join(', ')}`);
      return audited;
    };
    return this.auditAndFix(flags, collect, async (audited, options) => {
      const { planDockerfiles } = await import('../../audit/fix/dockerfiles.ts');
      return planDockerfiles(files(), audited, options);
    });
  }
}
