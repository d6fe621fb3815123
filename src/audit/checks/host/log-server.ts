// SPDX-License-Identifier: Apache-2.0
import { notApplicable, problem, unknown, verdict } from '../../verdicts.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0122',
  title: 'The machine takes no log messages from the network',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:4.2.1.6', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'A container, or anybody on the network, writes lines into the log of the host that look like its own, or fills its disk.',
  remediation:
    "Remove the input ('input(type=\"imudp\" ...)', '$UDPServerRun') from /etc/rsyslog.conf and /etc/rsyslog.d, and run 'systemctl restart rsyslog'. A server of logs is a container, or another machine.",
  references: ['https://www.rsyslog.com/doc/configuration/modules/imudp.html'],
  examples: [{ good: { logs: { inputs: [] } }, bad: { logs: { inputs: ['imudp'] } } }],
  check({ logs, files }) {
    if (logs === undefined) return NOT_COLLECTED;
    if (logs.inputs.length === 0 && logs.problem !== null) return unknown(`rsyslog cannot be read: ${logs.problem}`);
    if (logs.inputs.length === 0 && files['/etc/rsyslog.conf'] === null)
      return notApplicable('rsyslog is not configured');
    return verdict(
      logs.inputs.map((name) =>
        problem(name, `rsyslog takes messages from the network: ${name}`, {
          logical: 'rsyslog',
          path: 'etc/rsyslog.conf',
        }),
      ),
    );
  },
} satisfies HostCheck;
