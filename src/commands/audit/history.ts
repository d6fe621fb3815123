// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { History } from '../../audit/history.ts';
import { changeText, sparkline } from '../../audit/trend.ts';
import { SEVERITIES } from '../../audit/types.ts';
import { historyPath } from '../../cli/audit/settle.ts';
import { Command, Flags } from '../../cli/command.ts';
import { valueFlag } from '../../cli/definitions.ts';
import { printable } from '../../cli/output.ts';
import { invalidValue } from '../../cli/read.ts';
import { table } from '../../cli/table.ts';

function parseLimit(flag: string, text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw invalidValue(flag, text, 'a number from 1 to 99999');
  return Number(text);
}

export default class AuditHistory extends Command {
  static override id = 'audit:history';
  static override summary = 'Show how scores have changed.';
  static override description =
    'Of audits with --history. Those of the same scope can be compared: one thing by its address, several by their kinds.';
  static override examples = ['$ secure audit history', '$ secure audit history --scope host --limit 10'];
  static override flags = {
    scope: Flags.string({ description: 'Only audits of this scope, such as host.', helpValue: 'SCOPE' }),
    limit: valueFlag(parseLimit, { description: 'The last so many (default: 30).', helpValue: 'N' }),
  };

  async run(): Promise<undefined> {
    const { flags } = await this.parse(AuditHistory);
    const path = historyPath();
    const history = existsSync(path) ? new History(path) : undefined;
    const entries = history?.entries(flags.scope, flags.limit ?? 30) ?? [];
    history?.close();
    if (this.jsonEnabled()) {
      this.logJson({ audits: entries });
      return;
    }
    if (entries.length === 0) {
      this.note("no audit was kept: 'secure audit all --history' keeps one");
      return;
    }
    this.log(
      table(entries, [
        { title: 'WHEN', value: ({ generated }) => generated.slice(0, 19).replace('T', ' ') },
        { title: 'SCOPE', value: ({ scope }) => scope },
        { title: 'SCORE', value: ({ score }) => String(score ?? '-') },
        ...SEVERITIES.map((severity) => ({
          title: severity.toUpperCase(),
          value: ({ failed }: (typeof entries)[number]) => String(failed[severity] ?? 0),
        })),
        { title: 'UNKNOWN', value: ({ unknown }) => String(unknown) },
      ]),
    );
    for (const [scope, group] of Map.groupBy(entries, (entry) => entry.scope)) {
      if (group.length < 2) continue;
      const change = changeText(group[0]?.score ?? null, group.at(-1)?.score ?? null);
      this.log();
      this.log(printable(`${scope}: ${sparkline(group.map(({ score }) => score))} ${change}`));
    }
  }
}
