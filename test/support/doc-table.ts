// SPDX-License-Identifier: Apache-2.0
// Tables of documents that tests hold: `| names | check | text |`, with names as code and checks as links to their pages.

export interface Row {
  readonly names: readonly string[];
  /** Ids; none: it says why not. */
  readonly checks: readonly string[];
  readonly text: string;
}

/** The rows of the table below a heading. */
export function tableBelow(document: string, heading: string): Row[] {
  const from = document.indexOf(`\n${heading}\n`);
  if (from < 0) throw new Error(`there is no ${heading}`);
  const rest = document.slice(from + heading.length + 2);
  const end = rest.search(/^## /m);
  return rest
    .slice(0, end < 0 ? rest.length : end)
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| name ') && !line.startsWith('| section '))
    .map((line) => {
      const [names = '', checks = '', ...text] = line.slice(2, -2).split(' | ');
      return {
        names: [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
        checks: [...checks.matchAll(/\[(SEC-[A-Z]+-\d{4})\]\(checks\/\1\.md\)/g)].map(([, id = '']) => id),
        text: text.join(' | '),
      };
    });
}
