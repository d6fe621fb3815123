// SPDX-License-Identifier: Apache-2.0
import { problem, unknown, verdict } from '../../verdicts.ts';
import { isOff, parameters } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

const units = (...enabledUnits: readonly string[]) => ({ system: { enabledUnits } });

export default {
  id: 'SEC-HOST-0117',
  title: 'The audit system runs from the start on',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:4.1.2', 'CIS-DIL-2.0:4.1.3', 'CIS-DIL-2.0:4.1.4', 'CIS-Docker-1.6:1.1.3'],
  rationale:
    'Rules that nobody loads record nothing, and what started before auditd is not recorded by them unless the kernel was told to begin with it.',
  remediation:
    "Run 'apt-get install auditd' (or 'dnf install audit') and 'systemctl enable --now auditd', and add audit=1 to GRUB_CMDLINE_LINUX in /etc/default/grub.",
  references: [
    'https://man7.org/linux/man-pages/man8/auditd.8.html',
    'https://docs.kernel.org/admin-guide/kernel-parameters.html',
  ],
  examples: [
    { good: units('auditd.service'), bad: units('docker.service') },
    {
      good: { ...units('auditd.service'), kernel: { commandLine: ['audit=1'] } },
      bad: { ...units('auditd.service'), kernel: { commandLine: ['audit=0'] } },
    },
    { good: { auditd: { installed: true } }, bad: { auditd: { installed: false } } },
  ],
  check({ auditd, kernel: { commandLine }, system: { enabledUnits } }) {
    const location = { logical: 'auditd', path: 'etc/audit' };
    if (!auditd.installed) return verdict([problem('auditd', 'auditd is not installed', location)]);
    const said = commandLine === undefined ? undefined : parameters(commandLine).get('audit');
    const problems = [
      ...(said !== undefined && isOff(said)
        ? [problem('audit', `audit=${said} on the kernel's command line: it records nothing`, location)]
        : []),
      ...(enabledUnits !== undefined && !enabledUnits.includes('auditd.service')
        ? [problem('auditd.service', 'auditd.service is not enabled', location)]
        : []),
      ...(commandLine !== undefined && said === undefined
        ? [
            problem(
              'audit',
              "audit=1 is not on the kernel's command line: what starts before auditd is not recorded",
              location,
            ),
          ]
        : []),
    ];
    if (problems.length === 0 && enabledUnits === undefined)
      return unknown('what the system starts cannot be told: no units of systemd, OpenRC or System V can be read');
    if (problems.length === 0 && commandLine === undefined)
      return unknown('no command line of the kernel is in this file tree');
    return verdict(problems);
  },
} satisfies HostCheck;
