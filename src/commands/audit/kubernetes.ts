// SPDX-License-Identifier: Apache-2.0
import { auditManifests } from '../../audit/run.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
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
  ];
  static override args = {
    path: Args.string({
      required: true,
      multiple: true,
      description: 'Files of manifests, directories with such, or - for standard input.',
    }),
  };
  static override flags = AUDIT_FLAGS;

  async run(): Promise<number> {
    const { args, flags } = await this.parse(AuditKubernetes);
    return this.audit(flags, async () => {
      const audited = await auditManifests(args.path.flatMap((path) => filesOf(path, /\.(?:json|ya?ml)$/)));
      if (audited.length === 0) this.note(`nothing in ${args.path.join(', ')} makes pods`);
      return audited;
    });
  }
}
