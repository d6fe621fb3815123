// SPDX-License-Identifier: Apache-2.0
// What the audit commands share: where the report goes is settled first, then comes the audit, then the report.
import { isEmpty, type Plan } from '../../audit/fix/types.ts';
import { reportHtml } from '../../audit/report/html.ts';
import { reportJson } from '../../audit/report/json.ts';
import { reportJunit } from '../../audit/report/junit.ts';
import { reportMarkdown } from '../../audit/report/markdown.ts';
import { reportSarif } from '../../audit/report/sarif.ts';
import { reportSummary, reportTable } from '../../audit/report/table.ts';
import { report } from '../../audit/run.ts';
import { violates } from '../../audit/score.ts';
import type { Audited, Report, Severity } from '../../audit/types.ts';
import { ExitCode, SecureError } from '../../errors.ts';
import { Command } from '../command.ts';
import { colourful, print, printable } from '../output.ts';
import { applyFixes, confirmed, dryRunText, type Fixer, type FixFlags, leftLines, wantedFixes } from './fix.ts';
import type { Format } from './flags.ts';
import { planOutputs, writeOutputs } from './outputs.ts';
import { settler } from './settle.ts';

export interface AuditFlags {
  readonly format?: string | undefined;
  readonly output?: readonly string[] | undefined;
  readonly 'fail-on': string;
  readonly 'min-score'?: number | undefined;
  readonly verbose: boolean;
  readonly json?: boolean | undefined;
  readonly waivers?: readonly string[] | undefined;
  readonly baseline?: string | undefined;
  readonly history?: boolean | undefined;
}

const RENDER: Readonly<Record<Format, (report: Report, verbose: boolean, colour: boolean) => string>> = {
  table: (report, verbose, colour) => reportTable(report, { verbose, colour }),
  json: reportJson,
  sarif: reportSarif,
  html: reportHtml,
  markdown: reportMarkdown,
  junit: reportJunit,
};

function formatOf({ format, json }: AuditFlags): Format | undefined {
  if (json !== true) return format as Format | undefined;
  if (format === undefined || format === 'json') return 'json';
  throw new SecureError('USAGE', `--json and --format ${format} cannot be used together`, {
    hint: '--json is --format json, with errors as JSON too',
  });
}

const thresholdOf = (flags: AuditFlags) => ({
  failOn: flags['fail-on'] as Severity | 'none',
  minScore: flags['min-score'] ?? 0,
});

export abstract class AuditCommand extends Command {
  /** Collect, report, and say by the exit code what came out. */
  protected audit(flags: AuditFlags, collect: () => Promise<readonly Audited[]>): Promise<number> {
    return this.report(flags, async () => report(await collect()));
  }

  /** The same, and what is found is repaired when that is asked for. `collect` is called again afterwards. */
  protected async auditAndFix(
    flags: AuditFlags & FixFlags,
    collect: () => Promise<readonly Audited[]>,
    fixer: Fixer,
  ): Promise<number> {
    const wanted = wantedFixes(flags);
    if (wanted === undefined) return this.audit(flags, collect);
    formatOf(flags);
    planOutputs(flags.output ?? [], flags.format as Format | undefined);
    // Only the second audit is kept.
    const settle = await settler({ ...flags, history: undefined });
    const before = await settle(report(await collect()));
    const plan = await fixer(before.audited, wanted);
    if (wanted.dryRun) return this.#dryRun(flags, before, plan);
    for (const line of applyFixes(plan)) this.note(printable(line));
    return this.report(flags, async () => {
      const audited = await collect();
      const fixed = confirmed(plan, audited);
      for (const { id, message } of plan.repairs.filter((one) => !fixed.includes(one)))
        this.note(printable(`still found: ${id}: ${message}`));
      return { ...report(audited), fixed };
    });
  }

  #dryRun(flags: AuditFlags, before: Report, plan: Plan): number {
    print(dryRunText(plan, this.jsonEnabled() || flags.format === 'json', process.stdout.isTTY));
    if (isEmpty(plan)) this.note('nothing would be repaired');
    for (const line of leftLines(plan)) this.note(printable(line));
    return violates(before, thresholdOf(flags)) ? ExitCode.findings : ExitCode.ok;
  }

  /** The same with a report that is made otherwise. */
  protected async report(flags: AuditFlags, make: () => Promise<Report>): Promise<number> {
    const format = formatOf(flags);
    const outputs = planOutputs(flags.output ?? [], flags.format as Format | undefined);
    const settle = await settler(flags);
    const whole = await settle(await make());
    for (const note of whole.notes ?? []) this.note(note);
    if (outputs.length === 0) print(RENDER[format ?? 'table'](whole, flags.verbose, colourful(1)));
    else {
      writeOutputs(outputs.map(({ path, format }) => ({ path, text: RENDER[format](whole, flags.verbose, false) })));
      // The short form, for logs; with --json stdout holds JSON or nothing.
      if (!this.jsonEnabled()) print(reportSummary(whole, colourful(1)));
    }
    return violates(whole, thresholdOf(flags)) ? ExitCode.findings : ExitCode.ok;
  }
}
