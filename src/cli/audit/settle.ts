// SPDX-License-Identifier: Apache-2.0
// What an audit is held against beside its checks: waivers, a baseline, earlier audits. Files are read before anything is collected.
import { join } from 'node:path';
import { applyBaseline } from '../../audit/baseline.ts';
import type { Report } from '../../audit/types.ts';
import { rootsFromEnv } from '../../runtime/images/roots.ts';
import { userRoots } from '../../runtime/rootless/places.ts';

export interface SettleFlags {
  readonly waivers?: readonly string[] | undefined;
  readonly baseline?: string | undefined;
  readonly history?: boolean | undefined;
}

/** Audits that a trend is drawn of. */
const TREND = 60;

/** Where the history of this user is. @throws SecureError STORE_FOREIGN, INVALID_VALUE */
export function historyPath(): string {
  const user = process.geteuid?.() ?? 0;
  return join((user === 0 ? rootsFromEnv() : userRoots(user)).state, 'audit', 'history.db');
}

/**
 * What makes the report of the audit a settled one. Read now, used later.
 * @throws SecureError AUDIT_UNREADABLE, WAIVERS_INVALID, REPORT_INVALID
 */
export async function settler({
  waivers,
  baseline,
  history,
}: SettleFlags): Promise<(report: Report) => Promise<Report>> {
  const now = Date.now();
  const { readWaivers, applyWaivers } =
    waivers === undefined
      ? { readWaivers: undefined, applyWaivers: undefined }
      : await import('../../audit/waivers.ts');
  const rules = (waivers ?? []).flatMap((path) => readWaivers?.(path, now) ?? []);
  let known: ReadonlySet<string> | undefined;
  if (baseline !== undefined) {
    const { openFingerprints, readReport } = await import('../../audit/stored.ts');
    known = openFingerprints(readReport(baseline));
  }
  return async (report) => {
    // Fingerprints are made of keys, which waivers leave alone.
    const waived = applyWaivers?.(report.audited, rules, now) ?? { audited: report.audited, notes: [] };
    const settled: Report = {
      ...report,
      audited: known === undefined ? waived.audited : applyBaseline(waived.audited, known),
      ...(waived.notes.length === 0 ? {} : { notes: waived.notes }),
    };
    if (history !== true) return settled;
    const { History, scopeOf } = await import('../../audit/history.ts');
    const file = new History(historyPath());
    try {
      file.add(settled);
      return { ...settled, history: file.entries(scopeOf(settled), TREND) };
    } finally {
      file.close();
    }
  };
}
