// SPDX-License-Identifier: Apache-2.0

import { PASS } from '../../verdicts.ts';
import { isOn, switchedOn } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

const open = (commandLine: readonly string[], config: Readonly<Record<string, string>>) => ({
  kernel: { lockdown: 'none' as const, commandLine, config: { MODULES: 'y', MODULE_SIG: 'y', ...config } },
});

export default {
  id: 'SEC-HOST-0088',
  title: 'The kernel loads only modules that are signed',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'A module is the kernel: root of a container that got out, or one with SYS_MODULE, hides in one from everything that looks for it.',
  remediation:
    'Add module.sig_enforce=1 (or lockdown=integrity) to GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub, and start again. Sign drivers that were built here (`mokutil --import`) before, or they are missing then. kernel.modules_disabled=1 does the same for good, and is nothing for a host whose engines load modules as they need them.',
  references: ['https://docs.kernel.org/admin-guide/module-signing.html'],
  examples: [
    { good: open(['module.sig_enforce=1'], {}), bad: open(['module.sig_enforce=0'], {}) },
    { good: open([], { MODULE_SIG_FORCE: 'y' }), bad: open([], { MODULE_SIG_FORCE: 'n' }) },
    {
      good: { kernel: { ...open([], {}).kernel, lockdown: 'integrity' } },
      bad: { kernel: { ...open([], {}).kernel, lockdown: 'none' } },
    },
    {
      good: open(['module.sig_enforce'], { MODULE_SIG: 'y' }),
      bad: { kernel: { ...open(['module.sig_enforce'], {}).kernel, config: { MODULES: 'y', MODULE_SIG: undefined } } },
    },
  ],
  check(facts) {
    const { config, lockdown, sysctls } = facts.kernel;
    if (lockdown === 'integrity' || lockdown === 'confidentiality') return PASS;
    if (sysctls?.['kernel.modules_disabled'] === '1' || config?.MODULE_SIG_FORCE === 'y') return PASS;
    if (config !== undefined && config.MODULES === undefined) return PASS;
    return switchedOn(facts, {
      name: 'module.sig_enforce',
      ok: (value) => value === '' || isOn(value),
      want: 'module.sig_enforce=1',
      built: () => false,
      needs: 'MODULE_SIG',
      since: '3.7',
    });
  },
} satisfies HostCheck;
