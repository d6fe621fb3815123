// SPDX-License-Identifier: Apache-2.0

import { builtWith, config, type Option, unset } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** For tests and for developers. As modules, nothing loads them but root. */
const UNWANTED: Readonly<Record<string, Option>> = {
  ...Object.fromEntries(
    [
      ...['KCOV', 'DEBUG_KMEMLEAK', 'FAULT_INJECTION', 'FAIL_FUTEX', 'PROVE_LOCKING'],
      ...['SECCOMP_CACHE_DEBUG', 'SECURITY_SELINUX_DEBUG', 'CFI_PERMISSIVE', 'PTDUMP_DEBUGFS', 'X86_PTDUMP'],
      ...['ARM_PTDUMP_DEBUGFS', 'ARM_PTDUMP', 'KSTACK_ERASE_METRICS', 'STACKLEAK_METRICS', 'DEBUG_CLOSURES'],
      ...['BCACHE_CLOSURES_DEBUG', 'EDAC_DEBUG', 'DRM_I915_DEBUG'],
    ].map((name) => [name, unset()]),
  ),
  ...Object.fromEntries(
    [
      ...['LKDTM', 'NOTIFIER_ERROR_INJECTION', 'HWPOISON_INJECT', 'MMIOTRACE_TEST', 'TEST_DEBUG_VIRTUAL'],
      ...['INPUT_EVBUG', 'VIDEO_VIVID', 'EFI_TEST', 'PUNIT_ATOM_DEBUG'],
    ].map((name): [string, Option] => [name, { is: ['n', 'm'] }]),
  ),
};

export default {
  id: 'SEC-HOST-0094',
  title: 'The kernel was built without what is for testing it',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'It shows where things lie in the kernel, makes calls fail on purpose, or switches a protection to only complaining: on a machine that works it is a help for exploits alone.',
  remediation:
    "Start a kernel of your distribution that is not named debug ('ls /boot/vmlinuz-*'), or unset the options and build again.",
  references: ['https://docs.kernel.org/dev-tools/index.html', 'https://kspp.github.io/Recommended_Settings.html'],
  examples: [
    { good: config('KCOV', undefined), bad: config('KCOV', 'y') },
    { good: config('LKDTM', 'm'), bad: config('LKDTM', 'y') },
  ],
  check: (facts) => builtWith(facts, UNWANTED),
} satisfies HostCheck;
