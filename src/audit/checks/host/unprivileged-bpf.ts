// SPDX-License-Identifier: Apache-2.0
import { type HostCheck, setting, sysctlFix, sysctls } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0001',
  title: 'Only privileged programs load BPF',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'The verifier of BPF programs decides what an unprivileged program may run inside the kernel; each of its bugs (CVE-2021-3490, CVE-2022-23222) is a way from any container without a filter to root.',
  remediation:
    "Run 'sysctl -w kernel.unprivileged_bpf_disabled=1' and put kernel.unprivileged_bpf_disabled = 1 into /etc/sysctl.d/60-containers.conf. The value 2 lets root change it back, 1 does not until the next start.",
  references: [
    'https://docs.kernel.org/admin-guide/sysctl/kernel.html#unprivileged-bpf-disabled',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2022-23222',
  ],
  examples: [
    { good: setting('kernel.unprivileged_bpf_disabled', '2'), bad: setting('kernel.unprivileged_bpf_disabled', '0') },
  ],
  check: (facts) =>
    sysctls(facts, {
      name: 'kernel.unprivileged_bpf_disabled',
      ok: (value) => value === 1 || value === 2,
      want: '1 or 2',
    }),
  fix: sysctlFix({ 'kernel.unprivileged_bpf_disabled': '2' }),
} satisfies HostCheck;
