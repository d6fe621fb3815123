// SPDX-License-Identifier: Apache-2.0
// Test results in the form that CI systems read (the schema of Jenkins' xUnit plugin).
import { xmlText as escaped } from '../../audit/report/xml.ts';
import type { TestReport } from '../../policies/rules/run-tests.ts';

export function junit(reports: readonly (TestReport & { readonly file: string })[]): string {
  const suites = reports.map(({ file, results }) => {
    const cases = results.map(({ name, by, problems }) => {
      const attributes = `name="${escaped(name)}" classname="${escaped(file)}" file="${escaped(file)}" line="${by.line}"`;
      if (problems.length === 0) return `    <testcase ${attributes}/>`;
      return `    <testcase ${attributes}>\n      <failure message="${escaped(problems.join('\n'))}"/>\n    </testcase>`;
    });
    const failures = results.filter(({ problems }) => problems.length > 0).length;
    return [
      `  <testsuite name="${escaped(file)}" tests="${results.length}" failures="${failures}">`,
      ...cases,
      '  </testsuite>',
    ].join('\n');
  });
  return ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...suites, '</testsuites>'].join('\n');
}
