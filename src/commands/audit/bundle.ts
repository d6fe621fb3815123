// SPDX-License-Identifier: Apache-2.0
import { auditBundles } from '../../audit/run.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
import { AUDIT_FLAGS } from '../../cli/audit/flags.ts';
import { Args } from '../../cli/command.ts';

export default class AuditBundle extends AuditCommand {
  static override id = 'audit:bundle';
  static override summary = 'Audit OCI bundles: what a runtime would make of a config.json.';
  static override examples = [
    '$ secure audit bundle ./bundle',
    '$ secure audit bundle /run/containerd/io.containerd.runtime.v2.task/k8s.io/*/config.json',
  ];
  static override args = {
    path: Args.string({ required: true, multiple: true, description: 'Bundles, or their config.json.' }),
  };
  static override flags = AUDIT_FLAGS;

  async run(): Promise<number> {
    const { args, flags } = await this.parse(AuditBundle);
    return this.audit(flags, () => auditBundles(args.path));
  }
}
