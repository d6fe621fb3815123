// SPDX-License-Identifier: Apache-2.0

import { PASS } from '../../verdicts.ts';
import { isOn, switchedOn } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0065',
  title: 'Memory is cleared before it is given away',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'What one container has freed, another one gets: without clearing, keys and pages of the kernel are read from what was not overwritten.',
  remediation: 'Add init_on_alloc=1 to GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub, and start again.',
  references: ['https://docs.kernel.org/admin-guide/kernel-parameters.html'],
  examples: [
    {
      good: { kernel: { commandLine: ['init_on_alloc=1'], config: {} } },
      bad: { kernel: { commandLine: ['init_on_alloc=0'], config: {} } },
    },
    {
      good: { kernel: { commandLine: [], config: { INIT_ON_ALLOC_DEFAULT_ON: 'y' } } },
      bad: { kernel: { commandLine: [], config: { INIT_ON_ALLOC_DEFAULT_ON: undefined } } },
    },
    {
      good: { kernel: { commandLine: ['init_on_free=1'] } },
      bad: { kernel: { commandLine: ['init_on_free=0'] } },
    },
  ],
  check(facts) {
    const cleared = (when: 'alloc' | 'free') =>
      switchedOn(facts, {
        name: `init_on_${when}`,
        ok: isOn,
        want: `init_on_${when}=1`,
        built: (option) => option(`INIT_ON_${when.toUpperCase()}_DEFAULT_ON`) === 'y',
        since: '5.3',
      });
    // What was cleared when it was given back needs it no second time.
    return cleared('free').status === 'pass' ? PASS : cleared('alloc');
  },
} satisfies HostCheck;
