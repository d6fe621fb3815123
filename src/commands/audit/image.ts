// SPDX-License-Identifier: Apache-2.0
import { parseJson, readTextFile } from '../../audit/read-file.ts';
import { auditImages } from '../../audit/run.ts';
import { parseVex } from '../../audit/vulnerabilities/vex.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
import { AUDIT_FLAGS } from '../../cli/audit/flags.ts';
import { Args } from '../../cli/command.ts';
import { asTyped, valuesFlag } from '../../cli/definitions.ts';
import { ImageStore } from '../../runtime/images/store.ts';

const VEX_LIMIT = 16 << 20;

export default class AuditImage extends AuditCommand {
  static override id = 'audit:image';
  static override store = true;
  static override summary = 'Audit images of the store: configuration, files, secrets, vulnerabilities.';
  static override examples = [
    '$ secure audit image nginx',
    '$ secure audit image --format sarif localhost/nginx:latest > nginx.sarif',
    '$ secure audit image --min-score 90 nginx redis',
    '$ secure audit image --vex nginx.openvex.json nginx',
  ];
  static override args = { image: Args.string({ required: true, multiple: true, description: 'References.' }) };
  static override flags = {
    ...AUDIT_FLAGS,
    vex: valuesFlag(asTyped, {
      description: 'OpenVEX document: what the image is not affected by; may be repeated.',
      helpValue: 'FILE',
    }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(AuditImage);
    const vex = (flags.vex ?? []).map((path) => parseVex(parseJson(readTextFile(path, VEX_LIMIT), path), path));
    const excepted = (message: string): void => this.note(`excepted: ${message}`);
    return this.audit(flags, async () => auditImages(await ImageStore.open(), args.image, { vex, excepted }));
  }
}
