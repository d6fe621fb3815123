// SPDX-License-Identifier: Apache-2.0
// What changed between two reports. A problem is fixed when its check was asked again and decided; one that nobody looked for again is
// none that is fixed.
import { reportScore, sectionsOf } from './score.ts';
import type { StoredProblem, StoredReport } from './stored.ts';
import { type AnyCheck, type Audited, SEVERITIES, type Severity, type Target } from './types.ts';

export interface DiffFinding {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly target: Target;
  readonly name: string;
  readonly message: string;
  readonly fingerprint: string;
}

export interface ReportDiff {
  readonly old: { readonly generated: string; readonly score: number | null };
  readonly new: { readonly generated: string; readonly score: number | null };
  readonly sections: readonly { readonly target: Target; readonly old: number | null; readonly new: number | null }[];
  /** Worst first, each of them. What was waived and no longer is counts as new. */
  readonly added: readonly DiffFinding[];
  readonly remaining: readonly DiffFinding[];
  readonly fixed: readonly DiffFinding[];
  /** Open in the old report, and now waived. */
  readonly waived: readonly DiffFinding[];
  /** Open in the old report, and not looked for again, or not decided. */
  readonly unseen: readonly DiffFinding[];
}

interface Open {
  readonly finding: DiffFinding;
  readonly place: string;
}

const placeOf = (uri: string, check: AnyCheck): string => `${check.id} ${uri}`;

/** Problems that count, by fingerprint. */
function openOf(audited: readonly Audited[]): Map<string, Open> {
  const found = new Map<string, Open>();
  for (const { target, name, uri, results } of audited)
    for (const { check, verdict } of results)
      for (const problem of (verdict.status === 'fail' ? verdict.problems : []) as readonly StoredProblem[]) {
        const { message, fingerprint, waiver } = problem;
        if (waiver !== undefined) continue;
        const { id, title, severity } = check;
        const finding = { id, title, severity, target, name, message, fingerprint };
        found.set(fingerprint, { finding, place: placeOf(uri, check) });
      }
  return found;
}

/** Fingerprints that are waived, and what was asked and decided. */
function settledOf(audited: readonly Audited[]): { readonly waived: Set<string>; readonly decided: Set<string> } {
  const [waived, decided] = [new Set<string>(), new Set<string>()];
  for (const { uri, results } of audited)
    for (const { check, verdict } of results) {
      if (verdict.status !== 'unknown') decided.add(placeOf(uri, check));
      for (const problem of (verdict.status === 'fail' ? verdict.problems : []) as readonly StoredProblem[])
        if (problem.waiver !== undefined) waived.add(problem.fingerprint);
    }
  return { waived, decided };
}

const worstFirst = (findings: readonly DiffFinding[]): DiffFinding[] =>
  findings.toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));

/** By fingerprint. */
export function diffReports(before: StoredReport, after: StoredReport): ReportDiff {
  const [old, now] = [openOf(before.audited), openOf(after.audited)];
  const { waived, decided } = settledOf(after.audited);
  const gone = [...old].filter(([fingerprint]) => !now.has(fingerprint));
  const all = (entries: readonly (readonly [string, Open])[]): DiffFinding[] =>
    worstFirst(entries.map(([, { finding }]) => finding));
  const rest = gone.filter(([fingerprint]) => !waived.has(fingerprint));
  const [oldSections, newSections] = [sectionsOf(before.audited), sectionsOf(after.audited)];
  const targets = new Set([...oldSections, ...newSections].map(({ target }) => target));
  const scoreIn = (sections: typeof oldSections, target: Target): number | null =>
    sections.find((each) => each.target === target)?.score ?? null;
  return {
    old: { generated: before.generated, score: reportScore(before.audited) },
    new: { generated: after.generated, score: reportScore(after.audited) },
    sections: [...targets].map((target) => ({
      target,
      old: scoreIn(oldSections, target),
      new: scoreIn(newSections, target),
    })),
    added: all([...now].filter(([fingerprint]) => !old.has(fingerprint))),
    remaining: all([...now].filter(([fingerprint]) => old.has(fingerprint))),
    fixed: all(rest.filter(([, { place }]) => decided.has(place))),
    waived: all(gone.filter(([fingerprint]) => waived.has(fingerprint))),
    unseen: all(rest.filter(([, { place }]) => !decided.has(place))),
  };
}
