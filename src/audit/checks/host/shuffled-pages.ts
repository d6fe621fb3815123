// SPDX-License-Identifier: Apache-2.0

import { isOn, switchedOn } from './shared/kernel.ts';
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
    {
      good: { kernel: { config: { SHUFFLE_PAGE_ALLOCATOR: 'y' } } },
      bad: { kernel: { config: { SHUFFLE_PAGE_ALLOCATOR: undefined } } },
    },
  ],
  check: (facts) =>
    switchedOn(facts, {
      name: 'page_alloc.shuffle',
      // A parameter of a module is on when its name stands alone.
      ok: (value) => value === '' || isOn(value),
      want: 'page_alloc.shuffle=1',
      needs: 'SHUFFLE_PAGE_ALLOCATOR',
      since: '5.2',
    }),
} satisfies HostCheck;
