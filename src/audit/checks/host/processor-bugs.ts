// SPDX-License-Identifier: Apache-2.0
import { problem, quoted, unknown, verdict } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0015',
  title: 'Bugs of the processor are mitigated',
  severity: 'medium',
  target: 'host',
  frameworks: ['NIST-800-190:4.5.1'],
  rationale:
    'Containers share the processor with the kernel and each other: by a bug of speculative execution one reads the memory of the others.',
  remediation:
    "Install the processor's microcode ('apt-get install intel-microcode' or 'amd64-microcode', in a virtual machine: on its host), remove 'mitigations=off' from the kernel's command line, restart; see the kernel's page on the bug that is named.",
  references: ['https://docs.kernel.org/admin-guide/hw-vuln/index.html'],
  examples: [
    {
      good: { kernel: { vulnerabilities: { meltdown: 'Mitigation: PTI' } } },
      bad: { kernel: { vulnerabilities: { meltdown: 'Vulnerable' } } },
    },
    {
      good: { kernel: { vulnerabilities: { mds: 'Mitigation: Clear CPU buffers; SMT vulnerable' } } },
      bad: { kernel: { vulnerabilities: { mds: 'Vulnerable: Clear CPU buffers attempted, no microcode' } } },
    },
  ],
  check({ kernel: { vulnerabilities } }) {
    if (vulnerabilities === undefined) return unknown('the kernel does not tell about the processor in this file tree');
    return verdict(
      Object.entries(vulnerabilities)
        .filter(([, state]) => /^(?:Processor )?vulnerable/i.test(state))
        .map(([name, state]) =>
          problem(name, `${name}: the kernel says ${quoted(state)}`, {
            logical: name,
            path: `sys/devices/system/cpu/vulnerabilities/${name}`,
          }),
        ),
    );
  },
} satisfies HostCheck;
