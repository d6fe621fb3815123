// SPDX-License-Identifier: Apache-2.0

import { commandLine, without } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

const PARAMETERS = new Set([
  ...[
    'mitigations',
    'pti',
    'spectre_v2',
    'spectre_v2_user',
    'spec_store_bypass_disable',
    'l1tf',
    'mds',
    'tsx_async_abort',
  ],
  ...['kvm.nx_huge_pages', 'mmio_stale_data', 'retbleed', 'srbds', 'gather_data_sampling', 'spec_rstack_overflow'],
  ...['reg_file_data_sampling', 'spectre_bhi', 'indirect_target_selection', 'tsa', 'vmscape', 'l1d_flush', 'ssbd'],
]);

export default {
  id: 'SEC-HOST-0063',
  title: 'No protection of the processor is switched off at the start',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'What was switched off for speed on a machine of one tenant is how a container reads the memory of all others.',
  remediation: 'Remove the parameter from GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub, and start again.',
  references: [
    'https://docs.kernel.org/admin-guide/kernel-parameters.html',
    'https://docs.kernel.org/admin-guide/hw-vuln/',
  ],
  examples: [
    { good: commandLine('mitigations=auto'), bad: commandLine('mitigations=off') },
    { good: commandLine('quiet'), bad: commandLine('nopti') },
    { good: commandLine('spectre_v2=auto'), bad: commandLine('spectre_v2=off') },
  ],
  check: (facts) =>
    without(facts, (name, value) => {
      const off =
        /^no(?:pti|spectre_v1|spectre_v2|spec_store_bypass_disable)$/.test(name) ||
        (PARAMETERS.has(name) && /^(?:off|0|n|never)$/.test(value));
      return off ? 'a protection against flaws of the processor is off' : undefined;
    }),
} satisfies HostCheck;
