// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0053',
  title: 'Programs that the kernel compiles are hardened',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'The compiler of BPF turns constants of a program into machine code at known places: sprayed often enough, they are what an exploit jumps to.',
  remediation:
    "Run 'sysctl -w net.core.bpf_jit_harden=2' and put net.core.bpf_jit_harden = 2 into /etc/sysctl.d/60-containers.conf.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/net.html#bpf-jit-harden'],
  examples: [{ good: setting('net.core.bpf_jit_harden', '2'), bad: setting('net.core.bpf_jit_harden', '0') }],
  check: (facts) => sysctls(facts, { name: 'net.core.bpf_jit_harden', ok: (value) => value === 2, want: '2' }),
  fix: sysctlFix(
    { 'net.core.bpf_jit_harden': '2' },
    { risk: 'every BPF program gets slower, those of a network of containers (Cilium) too' },
  ),
} satisfies HostCheck;
