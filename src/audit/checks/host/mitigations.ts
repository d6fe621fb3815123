// SPDX-License-Identifier: Apache-2.0

import { commandLine, without } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** Each is switched off by `off`; what the kernel does where nothing is said depends on the processor, and is right. */
const PARAMETERS = new Set([
  ...['mitigations', 'pti', 'kpti', 'spectre_v2', 'spectre_v2_user', 'spec_store_bypass_disable', 'l1tf', 'mds'],
  ...['tsx_async_abort', 'kvm.nx_huge_pages', 'mmio_stale_data', 'retbleed', 'srbds', 'gather_data_sampling'],
  ...['spec_rstack_overflow', 'reg_file_data_sampling', 'spectre_bhi', 'indirect_target_selection', 'tsa', 'vmscape'],
]);
/** Not as kstrtobool() has it: `mds=full` begins with the f of false. */
const OFF = /^(?:off|0|n|no|never|false)$/;
const WORDS =
  /^(?:no(?:pti|spectre_v1|spectre_v2|spectre_bhb|spec_store_bypass_disable)|dis_ucode_ldr|setcpuid|clearcpuid)$/;
/** What says the same in another form. */
const OTHERS: Readonly<Record<string, RegExp>> = {
  ssbd: /^force-off$/,
  tsx: /^on$/,
  microcode: /\bdis_ucode_ldr\b/,
  // Attack vectors, since Linux 6.17: `auto;no_user_kernel`. Those of guests are about virtual machines.
  mitigations: /\bno_(?:user_kernel|user_user|cross_thread)\b/,
};

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
    { good: commandLine('mitigations=auto,nosmt'), bad: commandLine('mitigations=auto;no_user_user') },
    { good: commandLine('mitigations=auto,no_guest_host'), bad: commandLine('mitigations=auto;no_user_kernel') },
    { good: commandLine('quiet'), bad: commandLine('nopti') },
    { good: commandLine('spectre_v2=auto'), bad: commandLine('spectre_v2=off') },
    { good: commandLine('spec_store_bypass_disable=auto'), bad: commandLine('spec-store-bypass-disable=off') },
    { good: commandLine('ssbd=kernel'), bad: commandLine('ssbd=force-off') },
    { good: commandLine('mds=full'), bad: commandLine('mds=off') },
    { good: commandLine('tsx=off'), bad: commandLine('tsx=on') },
    { good: commandLine('quiet', '--', 'nopti'), bad: commandLine('quiet', 'nopti') },
  ],
  check: (facts) =>
    without(facts, (name, value) => {
      const off =
        WORDS.test(name) ||
        (PARAMETERS.has(name) && OFF.test(value)) ||
        (Object.hasOwn(OTHERS, name) && OTHERS[name]?.test(value) === true);
      return off ? 'a protection against flaws of the processor is off' : undefined;
    }),
} satisfies HostCheck;
