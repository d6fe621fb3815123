// SPDX-License-Identifier: Apache-2.0
import { SEVERITIES } from '../../types.ts';
import type { Vulnerability } from '../../vulnerabilities/match.ts';
import type { ImageCheck } from './shared/check.ts';
import { found, judgeVulnerabilities } from './shared/vulnerabilities.ts';

/** Serious, as far as anybody has said, and there is something to do about it. */
export const isUrgent = ({ severity, fixed }: Vulnerability): boolean =>
  fixed !== null && (severity === null || SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf('high'));

export default {
  id: 'SEC-IMAGE-0019',
  title: 'No package has a serious vulnerability that has been corrected',
  severity: 'high',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.4', 'NIST-800-190:4.1.1'],
  rationale:
    'With the correction the flaw is published: whoever reads it knows what to send. What is left uncorrected for weeks is found by machines that try every address.',
  remediation:
    'Build the image again from a base and with packages of today; for one of a language raise the version in its lock file. What cannot be reached here is excepted with --vex.',
  references: ['https://ossf.github.io/osv-schema/', 'https://www.first.org/cvss/v3.1/specification-document'],
  examples: [
    { good: { vulnerabilities: { found: [] } }, bad: { vulnerabilities: { found: [found()] } } },
    {
      good: { vulnerabilities: { found: [found({ fixed: null })] } },
      bad: { vulnerabilities: { found: [found({ fixed: '4' })] } },
    },
    {
      good: { vulnerabilities: { found: [found({ severity: 'medium' })] } },
      bad: { vulnerabilities: { found: [found({ severity: null })] } },
    },
  ],
  check: (facts) => judgeVulnerabilities(facts, isUrgent),
} satisfies ImageCheck;
