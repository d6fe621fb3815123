// SPDX-License-Identifier: Apache-2.0
import { barringFix, notLoaded, oneModule } from './shared/modules.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** Modules by the option that builds them. SCTP is left out: containers of telephony need it. */
const MODULES = { dccp: 'IP_DCCP', rds: 'RDS', tipc: 'TIPC' } as const;

export default {
  id: 'SEC-HOST-0078',
  title: 'Protocols that nobody uses are not loaded on demand',
  severity: 'medium',
  target: 'host',
  frameworks: [
    'CIS-DIL-2.0:3.4.1',
    'CIS-DIL-2.0:3.4.3',
    'CIS-DIL-2.0:3.4.4',
    'CIS-Docker-1.6:1.2.1',
    'NIST-800-190:4.5.1',
  ],
  rationale:
    'A program in a container asks for a socket of such a protocol, and the kernel loads the module, which nobody has looked at for years: CVE-2017-6074 (dccp), CVE-2010-3904 (rds) and CVE-2021-43267 (tipc) were found in them.',
  remediation:
    "Write 'install NAME /bin/false' for each that is named into /etc/modprobe.d/unused.conf, and run 'modprobe -r NAME'.",
  references: [
    'https://man7.org/linux/man-pages/man5/modprobe.d.5.html',
    'https://nvd.nist.gov/vuln/detail/CVE-2021-43267',
  ],
  examples: [
    { good: oneModule(MODULES, 'dccp', 'm', true), bad: oneModule(MODULES, 'dccp', 'm', false) },
    { good: oneModule(MODULES, 'tipc', 'm', true), bad: oneModule(MODULES, 'tipc', 'y', true) },
  ],
  check: (facts) => notLoaded(facts, MODULES),
  fix: barringFix(MODULES, (name) =>
    name === 'dccp'
      ? undefined
      : 'clusters that speak it among themselves (Oracle by rds, telephony by tipc) do not find each other',
  ),
} satisfies HostCheck;
