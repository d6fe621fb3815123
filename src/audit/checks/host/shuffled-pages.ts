// SPDX-License-Identifier: Apache-2.0

import { switchedOn } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0067',
  title: 'Free pages are in no order',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale: 'What lies beside what is then a guess for whoever overflows a page.',
  remediation: 'Add page_alloc.shuffle=1 to GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub, and start again.',
  references: ['https://docs.kernel.org/admin-guide/kernel-parameters.html'],
  examples: [
    {
      good: { kernel: { commandLine: ['page_alloc.shuffle=1'], config: {} } },
      bad: { kernel: { commandLine: ['page_alloc.shuffle=0'], config: {} } },
    },
  ],
  check: (facts) =>
    switchedOn(facts, {
      name: 'page_alloc.shuffle',
      ok: (value) => /^(?:1|y|on)$/i.test(value),
      want: 'page_alloc.shuffle=1',
    }),
} satisfies HostCheck;
