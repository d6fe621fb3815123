// SPDX-License-Identifier: Apache-2.0
// The report for programs, as schemas/report.schema.json describes it.
import { jsonText } from '../../terminal.ts';
import { cisCoverage } from '../cis.ts';
import { count, reportScore, score, sectionsOf } from '../score.ts';
import type { Audited, Report } from '../types.ts';
import { checksOf, fingerprintsOf } from './findings.ts';

function auditedObject(audited: Audited): object {
  const fingerprints = fingerprintsOf(audited);
  return {
    target: audited.target,
    name: audited.name,
    uri: audited.uri,
    score: score(audited.results),
    counts: count(audited.results),
    results: audited.results.map((result) => {
      const { check, verdict, advisory } = result;
      return {
        id: check.id,
        title: check.title,
        severity: check.severity,
        status: verdict.status,
        ...(advisory === true ? { advisory } : {}),
        ...('why' in verdict ? { why: verdict.why } : {}),
        ...(verdict.status === 'fail'
          ? {
              ...(verdict.unseen === undefined ? {} : { unseen: verdict.unseen }),
              problems: verdict.problems.map((problem, i) => ({
                message: problem.message,
                key: problem.key,
                fingerprint: fingerprints.get(result)?.[i],
                location: problem.location,
                ...(problem.waiver === undefined ? {} : { waiver: problem.waiver }),
                ...(problem.known === undefined ? {} : { known: problem.known }),
              })),
            }
          : {}),
      };
    }),
  };
}

export function reportJson(report: Report): string {
  const document = {
    schemaVersion: 1,
    product: report.product,
    generated: report.generated,
    score: reportScore(report.audited),
    counts: count(report.audited.flatMap(({ results }) => results)),
    sections: sectionsOf(report.audited),
    ...(report.fixed === undefined ? {} : { fixed: report.fixed }),
    ...(report.fleet === undefined ? {} : { fleet: report.fleet }),
    ...(report.notes === undefined ? {} : { notes: report.notes }),
    ...(report.history === undefined
      ? {}
      : { history: report.history.map(({ generated, score }) => ({ generated, score })) }),
    cis: cisCoverage(report.audited),
    audited: report.audited.map(auditedObject),
    checks: checksOf(report).map((check) => {
      const { id, title, severity, target, frameworks, rationale, remediation, references, fix } = check;
      const repair = fix === undefined ? {} : { repair: fix.risk === undefined ? 'fix' : 'fix-all' };
      return { id, title, severity, target, frameworks, rationale, remediation, references, ...repair };
    }),
  };
  return jsonText(document, 2);
}
