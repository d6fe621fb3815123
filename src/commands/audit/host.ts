// SPDX-License-Identifier: Apache-2.0
import { auditHost } from '../../audit/run.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
import { AUDIT_FLAGS } from '../../cli/audit/flags.ts';
import { Flags } from '../../cli/command.ts';

export default class AuditHost extends AuditCommand {
  static override id = 'audit:host';
  static override summary = 'Audit this host: kernel, container engine, files.';
  static override examples = [
    '$ secure audit host',
    '$ secure audit host --fail-on medium --output host.sarif --output host.html',
    '$ secure audit host --root /mnt/image',
  ];
  static override flags = {
    root: Flags.string({ description: 'A file tree to audit as if it were a host.', helpValue: 'DIRECTORY' }),
    ...AUDIT_FLAGS,
  };

  async run(): Promise<number> {
    const { flags } = await this.parse(AuditHost);
    return this.audit(flags, async () => [await auditHost(flags.root)]);
  }
}
