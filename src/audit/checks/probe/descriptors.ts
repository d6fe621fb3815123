// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { about, conclude, type ProbeCheck, seen } from './shared/judge.ts';

export default {
  id: 'SEC-PROBE-0020',
  title: 'No open file and no working directory leads out',
  severity: 'critical',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.1'],
  rationale:
    'A directory of the host that a runtime left open is a door past every mount (CVE-2024-21626: the working directory was one).',
  remediation: 'Update the runtime (runc 1.1.12 or later), and do not pass descriptors of directories to containers.',
  references: [
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2024-21626',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2016-9962',
  ],
  examples: [
    { good: {}, bad: { descriptors: { workingDirectory: 'outside' } } },
    {
      good: { descriptors: { open: [{ fd: 7, leadsOut: false, link: '/' }] } },
      bad: { descriptors: { open: [{ fd: 7, leadsOut: true, link: '/' }] } },
    },
  ],
  check: (facts) =>
    conclude(
      seen(facts, 'descriptors', ({ workingDirectory, open }) => {
        const problems = open
          .filter(({ leadsOut }) => leadsOut)
          .map(({ fd, link }) => about(facts, `fd ${fd}`, `descriptor ${fd}, ${quoted(link)}, is a directory outside`));
        if (workingDirectory === 'outside') problems.push(about(facts, 'cwd', 'its working directory is outside'));
        return problems.length === 0 && workingDirectory !== 'inside'
          ? 'the working directory could not be read'
          : problems;
      }),
    ),
} satisfies ProbeCheck;
