// SPDX-License-Identifier: Apache-2.0
import { setFlagsFromString } from 'node:v8';
import { Fleet } from '../../audit/fleet/fleet.ts';
import { readReport } from '../../audit/stored.ts';
import { AuditCommand } from '../../cli/audit/command.ts';
import { AUDIT_FLAGS } from '../../cli/audit/flags.ts';
import { reportFiles } from '../../cli/audit/report-files.ts';
import { Args } from '../../cli/command.ts';
import { printable } from '../../cli/output.ts';
import { ExitCode, SecureError } from '../../errors.ts';
import { PRODUCT_VERSION } from '../../version.ts';

export default class AuditMerge extends AuditCommand {
  static override id = 'audit:merge';
  static override summary = 'Make one report of the reports of many hosts.';
  static override description =
    'Each is read once, so there may be ten thousand of them. A file that is no report is told on stderr, the others are merged all the same, and the exit code is 2.';
  static override examples = [
    '$ secure audit merge reports/',
    '$ secure audit merge --output fleet.html --output fleet.json --min-score 80 web1.json web2.json',
  ];
  static override args = {
    report: Args.string({ required: true, multiple: true, description: 'Reports as JSON, or directories of *.json.' }),
  };
  static override flags = AUDIT_FLAGS;

  async run(): Promise<number> {
    const { argv, flags } = await this.parse(AuditMerge);
    // What was read is garbage at once: a larger nursery only makes more of it before it is collected.
    setFlagsFromString('--semi-space-growth-factor=1');
    let bad = 0;
    const code = await this.report(flags, async () => {
      const fleet = new Fleet();
      for (const file of reportFiles(argv)) {
        try {
          fleet.add(readReport(file), file);
        } catch (error) {
          if (!(error instanceof SecureError) || error.code !== 'REPORT_INVALID') throw error;
          bad += 1;
          fleet.unreadable(file, error.message);
          this.note(printable(`${error.code}: ${error.message}`));
        }
      }
      return fleet.report(PRODUCT_VERSION);
    });
    return bad > 0 ? ExitCode.usage : code;
  }
}
