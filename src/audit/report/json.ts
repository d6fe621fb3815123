// SPDX-License-Identifier: Apache-2.0
// The report for programs, as schemas/report.schema.json describes it.
import { jsonText } from '../../terminal.ts';
import { count, reportScore, score } from '../score.ts';
import type { Audited, Report } from '../types.ts';
import { checksOf, findingsOf } from './findings.ts';

function auditedObject(audited: Audited): object {
  const fingerprints = new Map(findingsOf(audited).map(({ problem, fingerprint }) => [problem, fingerprint]));
  return {
    target: audited.target,
    name: audited.name,
    uri: audited.uri,
    score: score(audited.results),
    counts: count(audited.results),
    results: audited.results.map(({ check, verdict }) => ({
      id: check.id,
      title: check.title,
      severity: check.severity,
      status: verdict.status,
      ...('why' in verdict ? { why: verdict.why } : {}),
      ...(verdict.status === 'fail'
        ? {
            problems: verdict.problems.map((problem) => ({
              message: problem.message,
              key: problem.key,
              fingerprint: fingerprints.get(problem),
              location: problem.location,
            })),
          }
        : {}),
    })),
  };
}

export function reportJson(report: Report): string {
  const document = {
    schemaVersion: 1,
    product: report.product,
    generated: report.generated,
    score: reportScore(report.audited),
    counts: count(report.audited.flatMap(({ results }) => results)),
    audited: report.audited.map(auditedObject),
    checks: checksOf(report).map(({ id, title, severity, target, frameworks, rationale, remediation, references }) => ({
      id,
      title,
      severity,
      target,
      frameworks,
      rationale,
      remediation,
      references,
    })),
  };
  return jsonText(document, 2);
}
