// SPDX-License-Identifier: Apache-2.0
import { auditManifests } from '../../audit/run.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
import { FIX_FLAGS, refuseStdin } from '../../cli/audit/fix.ts';
import { AUDIT_FLAGS } from '../../cli/audit/flags.ts';
import { Args } from '../../cli/command.ts';
import { filesOf } from '../../cli/corpus.ts';

export default class AuditKubernetes extends AuditCommand {
  static override id = 'audit:kubernetes';
  static override summary = 'Audit Kubernetes manifests: everything in them that makes pods.';
  static override examples = [
    '$ secure audit kubernetes deployment.yaml',
    '$ secure audit kubernetes --output findings.sarif manifests/',
    '$ helm template app | secure audit kubernetes -',
    '$ secure audit kubernetes --fix --dry-run manifests/',
  ];
  static override args = {
    path: Args.string({
      required: true,
      multiple: true,
      description: 'Files of manifests, directories with such, or - for standard input.',
    }),
  };
  static override flags = { ...FIX_FLAGS, ...AUDIT_FLAGS };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(AuditKubernetes);
    refuseStdin(flags, args.path);
    const files = () => args.path.flatMap((path) => filesOf(path, /\.(?:json|ya?ml)$/));
    const collect = async () => {
      const audited = await auditManifests(files());
      if (audited.length === 0) this.note(`nothing in ${args.path.join(', ')} makes pods`);
      return audited;
    };
    return this.auditAndFix(flags, collect, async (audited, options) => {
      const { planManifests } = await import('../../audit/fix/manifests.ts');
      return planManifests(files(), audited, options);
    });
  }
}
