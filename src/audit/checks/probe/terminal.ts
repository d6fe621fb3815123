// SPDX-License-Identifier: Apache-2.0
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = {
  'terminal-input': 'TIOCSTI is permitted',
  'console-selection': 'TIOCLINUX is permitted',
};

export default {
  id: 'SEC-PROBE-0022',
  title: 'Input of a terminal cannot be forged',
  severity: 'medium',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'With TIOCSTI or TIOCLINUX a program types for whoever has the terminal after it: the shell outside executes it (CVE-2017-5226, CVE-2023-1523).',
  remediation:
    "Use a filter that refuses both requests of ioctl(2), or set 'dev.tty.legacy_tiocsti = 0' (sysctl) on the host.",
  references: [
    'https://man7.org/linux/man-pages/man2/TIOCSTI.2const.html',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2023-1523',
  ],
  examples: [{ good: {}, bad: { attempts: { 'terminal-input': ALLOWED } } }],
  check: (facts) => conclude(tried(facts, WHAT)),
} satisfies ProbeCheck;
