// SPDX-License-Identifier: Apache-2.0
import type { HostFacts } from '../../audit/facts/host.ts';
import { collectHostTarget } from '../../audit/run.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
import { FIX_FLAGS } from '../../cli/audit/fix.ts';
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
    '$ secure audit host --fix --dry-run',
    '$ secure audit host --fix --only SEC-HOST-0010',
    '$ secure audit host --save-facts host.facts',
    '$ secure audit host --facts host.facts',
  ];
  static override flags = {
    root: Flags.string({ description: 'A file tree to audit as if it were a host.', helpValue: 'DIRECTORY' }),
    ...FACTS_FLAGS,
    ...FIX_FLAGS,
    ...AUDIT_FLAGS,
  };

  async run(): Promise<number> {
    const { flags } = await this.parse(AuditHost);
    let facts: HostFacts | undefined;
    const collect = async () => {
      const one = await collectHostTarget(flags.root);
      facts = one.facts;
      return [one];
    };
    return this.auditAndFix(
      flags,
      () => auditFacts(flags, ['host'], collect),
      async (audited, options) => {
        const { planHost } = await import('../../audit/fix/host.ts');
        const [one] = audited;
        if (one === undefined || facts === undefined) throw new Error('no host was audited');
        return planHost(one, facts, options);
      },
    );
  }
}
