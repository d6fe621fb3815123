// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0055',
  title: 'No other kernel can be loaded',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'Root of a container that gets out, or one with SYS_BOOT, starts a kernel of its own and is below every protection of this one.',
  remediation:
    "Run 'sysctl -w kernel.kexec_load_disabled=1' once kdump, where it is used, has loaded its kernel, and put it into a unit that runs then.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/kernel.html#kexec-load-disabled'],
  examples: [{ good: setting('kernel.kexec_load_disabled', '1'), bad: setting('kernel.kexec_load_disabled', '0') }],
  check: (facts) => sysctls(facts, { name: 'kernel.kexec_load_disabled', ok: (value) => value === 1, want: '1' }),
} satisfies HostCheck;
