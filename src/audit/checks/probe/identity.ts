// SPDX-License-Identifier: Apache-2.0
import { notApplicable, unknown } from '../../verdicts.ts';
import { ALLOWED, conclude, gap, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = { 'become-user-0': 'it could become root', 'set-groups': 'it could take groups that are not its own' };

export default {
  id: 'SEC-PROBE-0026',
  title: 'It cannot become another user',
  severity: 'high',
  target: 'probe',
  frameworks: ['PSS-Restricted:allowPrivilegeEscalation', 'NIST-800-190:4.4.3'],
  rationale: 'A program that is not root and may take the id of root, or groups such as that of disks, is root.',
  remediation: "Remove CAP_SETUID and CAP_SETGID: '--cap-drop ALL'.",
  references: ['https://man7.org/linux/man-pages/man7/credentials.7.html'],
  examples: [
    { good: {}, bad: { attempts: { 'become-user-0': ALLOWED } } },
    { good: {}, bad: { attempts: { 'set-groups': ALLOWED } } },
  ],
  check: (facts) => {
    if (facts.ids === null) return unknown(gap(facts, 'ids'));
    if (facts.ids.uid[1] === 0) return notApplicable('it is root inside: SEC-CONTAINER-0005');
    return conclude(tried(facts, WHAT));
  },
} satisfies ProbeCheck;
