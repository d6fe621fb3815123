// SPDX-License-Identifier: Apache-2.0
import { auditImages } from '../../audit/run.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
import { AUDIT_FLAGS } from '../../cli/audit/flags.ts';
import { Args } from '../../cli/command.ts';
import { ImageStore } from '../../runtime/images/store.ts';

export default class AuditImage extends AuditCommand {
  static override id = 'audit:image';
  static override summary = 'Audit images of the store: configuration, files, secrets.';
  static override examples = [
    '$ secure audit image nginx',
    '$ secure audit image --format sarif localhost/nginx:latest > nginx.sarif',
    '$ secure audit image --min-score 90 nginx redis',
  ];
  static override args = { image: Args.string({ required: true, multiple: true, description: 'References.' }) };
  static override flags = AUDIT_FLAGS;

  async run(): Promise<number> {
    const { args, flags } = await this.parse(AuditImage);
    return this.audit(flags, async () => auditImages(await ImageStore.open(), args.image));
  }
}
