// SPDX-License-Identifier: Apache-2.0
import type { Counts } from './stage.ts';

/**
 * Counts of a TAP stream. Points that were planned and never came count as failed, and so does a program that failed
 * in another way or planned nothing.
 */
export function tapCounts(text: string, exitCode: number | null): Counts {
  let planned = 0;
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const line of text.split('\n')) {
    const plan = /^1\.\.(\d+)/.exec(line);
    if (plan !== null) planned = Number(plan[1]);
    else if (/^not ok\b/.test(line)) counts.failed++;
    else if (/^ok\b.*# SKIP\b/i.test(line)) counts.skipped++;
    else if (/^ok\b/.test(line)) counts.passed++;
  }
  const seen = counts.passed + counts.failed + counts.skipped;
  if (seen < planned) counts.failed += planned - seen;
  if (counts.failed === 0 && (exitCode !== 0 || planned === 0 || seen > planned)) counts.failed = 1;
  return counts;
}

/**
 * Counts of Vitest's JSON report. A file that could not be loaded has no tests but fails the run, and a run without any
 * test is a failure too.
 */
export function vitestCounts(json: string, exitCode: number | null): Counts {
  let report: { numPassedTests?: number; numFailedTests?: number; numPendingTests?: number; numTodoTests?: number };
  try {
    report = JSON.parse(json) as typeof report;
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const counts: Counts = {
    passed: report.numPassedTests ?? 0,
    failed: report.numFailedTests ?? 0,
    skipped: (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0),
  };
  if (counts.failed === 0 && (exitCode !== 0 || counts.passed + counts.skipped === 0)) counts.failed = 1;
  return counts;
}

/** One line for each failed test of a TAP stream: its name. */
export function tapFailures(text: string): string[] {
  return [...text.matchAll(/^not ok\b(?: \d+)?(?: - )?(.*)$/gm)].map((match) => match[1] ?? '');
}

/** One line for each failed test or file of Vitest's JSON report: its name and the first line of what it said. */
export function vitestFailures(json: string): string[] {
  type Result = { status?: string; fullName?: string; failureMessages?: string[] };
  type File = { name?: string; status?: string; message?: string; assertionResults?: Result[] };
  let files: File[];
  try {
    files = (JSON.parse(json) as { testResults?: File[] }).testResults ?? [];
  } catch {
    return ['no report'];
  }
  return files
    .filter((file) => file.status === 'failed')
    .flatMap((file) => {
      const failed = (file.assertionResults ?? []).filter((result) => result.status === 'failed');
      if (failed.length === 0) return [`${file.name}: ${firstLine(file.message)}`];
      return failed.map((result) => `${result.fullName}: ${firstLine(result.failureMessages?.[0])}`);
    });
}

function firstLine(text = ''): string {
  return text.trimStart().split('\n', 1)[0] ?? '';
}
