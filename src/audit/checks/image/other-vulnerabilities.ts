// SPDX-License-Identifier: Apache-2.0
import { isUrgent } from './corrected-vulnerabilities.ts';
import type { ImageCheck } from './shared/check.ts';
import { found, judgeVulnerabilities } from './shared/vulnerabilities.ts';

export default {
  id: 'SEC-IMAGE-0020',
  title: 'No package has another known vulnerability',
  severity: 'low',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.4', 'NIST-800-190:4.1.1'],
  rationale:
    'Flaws that are less serious are the steps to one that is; flaws without a correction are there to be kept away from what is reachable.',
  remediation:
    'Remove packages that the program does not need, build again when corrections are there, and except with --vex what does not concern it.',
  references: ['https://ossf.github.io/osv-schema/', 'https://openvex.dev/'],
  examples: [
    { good: { vulnerabilities: { found: [] } }, bad: { vulnerabilities: { found: [found({ severity: 'low' })] } } },
    {
      good: { vulnerabilities: { found: [found()] } },
      bad: { vulnerabilities: { found: [found({ fixed: null })] } },
    },
  ],
  check: (facts) => judgeVulnerabilities(facts, (one) => !isUrgent(one)),
} satisfies ImageCheck;
