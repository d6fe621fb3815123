// SPDX-License-Identifier: Apache-2.0

import { builtWith, config, type Option, unset } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** Old ways into the kernel, which a program in a container reaches, and no image that is in use needs. */
const UNWANTED: Readonly<Record<string, Option>> = {
  USELIB: unset(),
  BINFMT_AOUT: unset(),
  // Debian builds the second in, and has it off until the command line says otherwise.
  X86_X32: unset({ needs: ['!X86_X32_DISABLED'] }),
  X86_X32_ABI: unset({ needs: ['!X86_X32_DISABLED'] }),
  OABI_COMPAT: unset(),
  BLK_DEV_FD_RAWCMD: unset(),
  CRYPTO_USER_API_ENABLE_OBSOLETE: unset(),
  CRYPTO_USER_API_RNG_CAVP: unset(),
};

export default {
  id: 'SEC-HOST-0093',
  title: 'The kernel was built without interfaces that nobody uses any more',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'Every system call, format and device that a program can ask for is code that runs for it in the kernel; the oldest is looked at by the fewest.',
  remediation: 'Use a newer kernel of your distribution, or unset the options and build again.',
  references: ['https://kspp.github.io/Recommended_Settings.html', 'https://nvd.nist.gov/vuln/detail/CVE-2014-0038'],
  examples: [
    { good: config('USELIB', undefined), bad: config('USELIB', 'y') },
    {
      good: { kernel: { config: { X86_X32_ABI: 'y', X86_X32_DISABLED: 'y' } } },
      bad: { kernel: { config: { X86_X32_ABI: 'y', X86_X32_DISABLED: undefined } } },
    },
  ],
  check: (facts) => builtWith(facts, UNWANTED),
} satisfies HostCheck;
