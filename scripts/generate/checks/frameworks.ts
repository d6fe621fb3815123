// SPDX-License-Identifier: Apache-2.0
// Which checks stand for which section of a framework, and which sections have none.
import type { Target } from '../../../src/audit/types.ts';
import { type Entry, inMarkdown, NOTE } from './page.ts';

interface Framework {
  readonly title: string;
  readonly about: string;
  /** By section; of a framework without this, the sections that checks name. */
  readonly sections?: Readonly<Record<string, string>>;
  /** Why nothing looks at a section. */
  readonly left?: Readonly<Record<string, string>>;
}

const FRAMEWORKS: Readonly<Record<string, Framework>> = {
  'CIS-Docker-1.6': {
    title: 'CIS Docker Benchmark 1.6.0',
    about: '`secure audit all --format html` has a map of all 117 items, with the verdict of each on this host.',
  },
  'CIS-DIL-2.0': {
    title: 'CIS Distribution Independent Linux Benchmark 2.0.0',
    about:
      'Several checks stand for one, or one for several. Which recommendations have no check, and why, is in [cis-linux.md](../cis-linux.md).',
  },
  'NIST-800-190': {
    title: 'NIST SP 800-190, Application Container Security Guide',
    about: 'By the countermeasures of its chapter 4.',
    sections: {
      '4.1.1': 'Image vulnerabilities',
      '4.1.2': 'Image configuration defects',
      '4.1.3': 'Embedded malware',
      '4.1.4': 'Embedded clear text secrets',
      '4.1.5': 'Use of untrusted images',
      '4.2.1': 'Insecure connections to registries',
      '4.2.2': 'Stale images in registries',
      '4.2.3': 'Insufficient authentication and authorization restrictions',
      '4.3.1': 'Unbounded administrative access',
      '4.3.2': 'Unauthorized access',
      '4.3.3': 'Poorly separated inter-container network traffic',
      '4.3.4': 'Mixing of workload sensitivity levels',
      '4.3.5': 'Orchestrator node trust',
      '4.4.1': 'Vulnerabilities within the runtime software',
      '4.4.2': 'Unbounded network access from containers',
      '4.4.3': 'Insecure container runtime configurations',
      '4.4.4': 'App vulnerabilities',
      '4.4.5': 'Rogue containers',
      '4.5.1': 'Large attack surface',
      '4.5.2': 'Shared kernel',
      '4.5.3': 'Host OS component vulnerabilities',
      '4.5.4': 'Improper user access rights',
      '4.5.5': 'Host OS file system tampering',
    },
    left: {
      '4.1.3':
        'takes a scanner that knows malware; only images whose signature a [policy](../../guide/policy.md) asks for come from where they should',
      '4.2.3': 'the accounts of a registry are known to the registry alone',
      '4.3.2': 'the accounts of an orchestrator are known to the orchestrator alone',
      '4.4.5': 'what may run is for a [policy](../../guide/policy.md), which is enforced underneath engines too',
    },
  },
  'PSS-Baseline': {
    title: 'Kubernetes Pod Security Standards: Baseline',
    about: 'Every control of it.',
  },
  'PSS-Restricted': {
    title: 'Kubernetes Pod Security Standards: Restricted',
    about: 'What it has beyond Baseline.',
  },
};

/** Numbers in a name by their value: 2.10 comes behind 2.9. */
const byNumber = new Intl.Collator('en', { numeric: true }).compare;

/**
 * The page of all frameworks.
 * @throws Error that names a label of a check without a framework or section here, or a section with neither check nor reason
 */
export function frameworksPage(all: ReadonlyMap<Target, readonly Entry[]>): string {
  const found = new Map(Object.keys(FRAMEWORKS).map((name) => [name, new Map<string, string[]>()] as const));
  for (const { check } of [...all.values()].flat())
    for (const label of check.frameworks) {
      const [, name = '', section = ''] = /^([^:]+):(.+)$/.exec(label) ?? [];
      const sections = found.get(name);
      const known = FRAMEWORKS[name]?.sections;
      if (sections === undefined || (known !== undefined && known[section] === undefined))
        throw new Error(`${check.id}: no framework ${label} in scripts/generate/checks/frameworks.ts`);
      sections.set(section, [...(sections.get(section) ?? []), check.id]);
    }
  const parts = [...found].map(([name, checks]) => {
    const { title, about, sections, left } = FRAMEWORKS[name] as Framework;
    const rows = (sections === undefined ? [...checks.keys()].sort(byNumber) : Object.keys(sections)).map((section) => {
      const ids = checks.get(section);
      const why = left?.[section];
      if ((ids === undefined) === (why === undefined))
        throw new Error(`${name}:${section}: has to have checks, or a reason why it has none`);
      const shown = ids?.map((id) => `[${id}](${id}.md)`).join(', ') ?? `none: ${why}`;
      return sections === undefined
        ? `| ${inMarkdown(section)} | ${shown} |`
        : `| ${section} | ${inMarkdown(sections[section] ?? '')} | ${shown} |`;
    });
    const head =
      sections === undefined
        ? '| section | checks |\n|---|---|'
        : '| section | what it is about | checks |\n|---|---|---|';
    return `## ${title}\n\n${about}\n\n${head}\n${rows.join('\n')}\n`;
  });
  return `${NOTE}
# Frameworks

Which [checks](README.md) stand for which section. A check that passes does not make a section fulfilled: what a program cannot see is left to a person.

${parts.join('\n')}`;
}
