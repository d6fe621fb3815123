// SPDX-License-Identifier: Apache-2.0

import { switchedOn } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

const NAME = 'proc_mem.force_override';

export default {
  id: 'SEC-HOST-0090',
  title: 'Memory that is read-only is not written through /proc',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'A write to /proc/PID/mem goes past the permissions of the memory: a flaw that writes one file at a chosen place replaces the code of a program that runs.',
  remediation:
    'Add proc_mem.force_override=ptrace to GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub, and start again. Debuggers go on to work with it, in containers too; with never they do not.',
  references: ['https://docs.kernel.org/admin-guide/kernel-parameters.html'],
  examples: [
    {
      good: { kernel: { commandLine: [`${NAME}=ptrace`] } },
      bad: { kernel: { commandLine: [`${NAME}=always`] } },
    },
    {
      good: { kernel: { commandLine: [], config: { PROC_MEM_NO_FORCE: 'y' } } },
      bad: { kernel: { commandLine: [], config: { PROC_MEM_NO_FORCE: undefined } } },
    },
  ],
  check: (facts) =>
    switchedOn(facts, {
      name: NAME,
      ok: (value) => value === 'ptrace' || value === 'never',
      want: `${NAME}=ptrace`,
      built: (option) => option('PROC_MEM_NO_FORCE') === 'y' || option('PROC_MEM_FORCE_PTRACE') === 'y',
      since: '6.12',
    }),
} satisfies HostCheck;
