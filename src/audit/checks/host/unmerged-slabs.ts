// SPDX-License-Identifier: Apache-2.0

import { fails, problem } from '../../verdicts.ts';
import { before, kernelWords, switchedOn } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0066',
  title: 'Objects of the kernel are not put together with others of their size',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale: 'Where caches are merged, a flaw with one kind of object overwrites any other kind of the same size.',
  remediation: 'Add slab_nomerge to GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub, and start again.',
  references: ['https://docs.kernel.org/admin-guide/kernel-parameters.html'],
  examples: [
    {
      good: { kernel: { commandLine: ['slab_nomerge'], config: { SLAB_MERGE_DEFAULT: 'y' } } },
      bad: { kernel: { commandLine: ['quiet'], config: { SLAB_MERGE_DEFAULT: 'y' } } },
    },
    {
      good: { kernel: { commandLine: [], config: { SLAB_MERGE_DEFAULT: undefined } } },
      bad: { kernel: { commandLine: [], config: { SLAB_MERGE_DEFAULT: 'y' } } },
    },
    {
      good: { kernel: { commandLine: ['quiet'], config: { SLAB_MERGE_DEFAULT: undefined } } },
      bad: { kernel: { commandLine: ['slab_merge'], config: { SLAB_MERGE_DEFAULT: undefined } } },
    },
    {
      good: { kernel: { commandLine: ['slab_merge', 'slub_nomerge'] } },
      bad: { kernel: { commandLine: ['slab_merge', 'slub_merge'] } },
    },
  ],
  check(facts) {
    // One of four words, of which the last counts.
    const said = kernelWords(facts.kernel.commandLine ?? [])
      .map(([name]) => name)
      .findLast((name) => /^sl[au]b_(?:no)?merge$/.test(name));
    if (said?.endsWith('_merge'))
      return fails(
        problem(said, `${said} on the kernel's command line: objects of one size are put together`, {
          logical: '/proc/cmdline',
          path: 'proc/cmdline',
        }),
      );
    return switchedOn(facts, {
      name: said ?? 'slab_nomerge',
      ok: () => true,
      want: 'slab_nomerge',
      // Before the option was, they were always put together.
      built: (option) => option('SLAB_MERGE_DEFAULT') === undefined && !before(facts.kernel.release, '4.13'),
      since: '3.18',
    });
  },
} satisfies HostCheck;
