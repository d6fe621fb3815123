// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

const arm32 = (value: string) => ({
  kernel: { sysctls: { 'vm.mmap_min_addr': value }, config: { X86_64: undefined, ARM64: 'y', COMPAT: 'y' } },
});

export default {
  id: 'SEC-HOST-0054',
  title: 'Nobody maps the lowest addresses',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale: 'A kernel that follows a null pointer reads what a program has put there.',
  remediation:
    "Run 'sysctl -w vm.mmap_min_addr=65536' and put vm.mmap_min_addr = 65536 into /etc/sysctl.d/60-containers.conf.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/vm.html#mmap-min-addr'],
  examples: [
    { good: setting('vm.mmap_min_addr', '65536'), bad: setting('vm.mmap_min_addr', '0') },
    { good: arm32('32768'), bad: arm32('4096') },
  ],
  check(facts) {
    // Programs of 32-bit ARM are linked to begin at 32768.
    const { ARM64, COMPAT } = facts.kernel.config ?? {};
    const least = ARM64 === 'y' && COMPAT === 'y' ? 32_768 : 65_536;
    return sysctls(facts, { name: 'vm.mmap_min_addr', ok: (value) => value >= least, want: `${least} or more` });
  },
  fix: sysctlFix({ 'vm.mmap_min_addr': '65536' }),
} satisfies HostCheck;
