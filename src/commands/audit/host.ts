// SPDX-License-Identifier: Apache-2.0
import { collectHostTarget } from '../../audit/run.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
import { AUDIT_FLAGS } from '../../cli/audit/flags.ts';
import { auditFacts, FACTS_FLAGS } from '../../cli/audit/recorded.ts';
import { Flags } from '../../cli/command.ts';

export default class AuditHost extends AuditCommand {
  static override id = 'audit:host';
  static override summary = 'Audit this host: kernel, container engine, files.';
  static override examples = [
    '$ secure audit host',
    '$ secure audit host --fail-on medium --output host.sarif --output host.html',
    '$ secure audit host --root /mnt/image',
    '$ secure audit host --save-facts host.facts',
    '$ secure audit host --facts host.facts',
  ];
  static override flags = {
    root: Flags.string({ description: 'A file tree to audit as if it were a host.', helpValue: 'DIRECTORY' }),
    ...FACTS_FLAGS,
    ...AUDIT_FLAGS,
  };

  async run(): Promise<number> {
    const { flags } = await this.parse(AuditHost);
    return this.audit(flags, () => auditFacts(flags, ['host'], async () => [await collectHostTarget(flags.root)]));
  }
}
