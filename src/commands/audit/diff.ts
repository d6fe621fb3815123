// SPDX-License-Identifier: Apache-2.0
import { diffReports } from '../../audit/diff.ts';
import { diffMarkdown, diffTable } from '../../audit/report/diff.ts';
import { readReport } from '../../audit/stored.ts';
import { SEVERITIES, type Severity } from '../../audit/types.ts';
import { Args, Command, Flags } from '../../cli/command.ts';
import { colourful, print } from '../../cli/output.ts';
import { ExitCode, SecureError } from '../../errors.ts';

export default class AuditDiff extends Command {
  static override id = 'audit:diff';
  static override summary = 'Compare two reports: what is new, what is fixed.';
  static override description =
    'A problem is fixed when its check was asked again and decided; what nobody looked for again is told apart. What is waived counts for neither.';
  static override examples = [
    '$ secure audit diff yesterday.json today.json',
    '$ secure audit diff --format markdown --fail-on high main.json branch.json',
  ];
  static override args = {
    old: Args.string({ required: true, description: 'Report as JSON.' }),
    new: Args.string({ required: true, description: 'A later one.' }),
  };
  static override flags = {
    format: Flags.string({ options: ['table', 'json', 'markdown'], description: 'How it looks (default: table).' }),
    'fail-on': Flags.string({
      options: [...SEVERITIES, 'none'],
      default: 'low',
      description: 'The lowest severity of a new problem that makes the exit code 1.',
    }),
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(AuditDiff);
    if (this.jsonEnabled() && flags.format !== undefined && flags.format !== 'json') {
      throw new SecureError('USAGE', `--json and --format ${flags.format} cannot be used together`, {
        hint: '--json is --format json, with errors as JSON too',
      });
    }
    const diff = diffReports(readReport(args.old), readReport(args.new));
    if (this.jsonEnabled() || flags.format === 'json') this.logJson({ ...diff });
    else print(flags.format === 'markdown' ? diffMarkdown(diff) : diffTable(diff, colourful(1)));
    const failOn = flags['fail-on'] as Severity | 'none';
    const counted = failOn === 'none' ? [] : SEVERITIES.slice(0, SEVERITIES.indexOf(failOn) + 1);
    return diff.added.some(({ severity }) => counted.includes(severity)) ? ExitCode.findings : ExitCode.ok;
  }
}
