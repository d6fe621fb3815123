// SPDX-License-Identifier: Apache-2.0

import { isOn, switchedOn } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0068',
  title: 'The stack of the kernel begins elsewhere at each system call',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale: 'Exploits that reach across two system calls need to know where the stack is.',
  remediation:
    'Add randomize_kstack_offset=on to GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub, and start again.',
  references: ['https://docs.kernel.org/admin-guide/kernel-parameters.html'],
  examples: [
    {
      good: { kernel: { commandLine: ['randomize_kstack_offset=on'], config: {} } },
      bad: { kernel: { commandLine: ['randomize_kstack_offset=off'], config: {} } },
    },
    {
      good: { kernel: { commandLine: [], config: { RANDOMIZE_KSTACK_OFFSET_DEFAULT: 'y' } } },
      bad: { kernel: { commandLine: [], config: { RANDOMIZE_KSTACK_OFFSET_DEFAULT: undefined } } },
    },
  ],
  check: (facts) =>
    switchedOn(facts, {
      name: 'randomize_kstack_offset',
      ok: isOn,
      want: 'randomize_kstack_offset=on',
      built: (option) => option('RANDOMIZE_KSTACK_OFFSET_DEFAULT') === 'y',
      since: '5.13',
    }),
} satisfies HostCheck;
