// SPDX-License-Identifier: Apache-2.0
import { notApplicable, problem, unknown, verdict } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

const RULES = { logical: '/etc/audit/rules.d', path: 'etc/audit/rules.d' };

/**
 * What is rare on a host and tells much. What containers do all day is left out: mounts, names of hosts, owners, modes and deletions, by which
 * an engine that unpacks an image would fill the log.
 */
const PATHS: Readonly<Record<string, readonly string[]>> = {
  'accounts change': ['/etc/passwd', '/etc/group', '/etc/shadow', '/etc/gshadow'],
  'sudo changes': ['/etc/sudoers', '/etc/sudoers.d'],
  'confinement changes': ['/etc/apparmor.d', '/etc/selinux'],
  'somebody logs in': ['/var/log/lastlog', '/var/log/wtmp', '/var/log/btmp'],
};
const CALLS: Readonly<Record<string, readonly string[]>> = {
  'a module is loaded': ['init_module', 'finit_module', 'delete_module'],
  'the clock is set': ['clock_settime', 'settimeofday', 'adjtimex'],
};

const isWatched = (path: string, watches: readonly string[]): boolean =>
  watches.some((watch) => watch === '/' || path === watch || path.startsWith(`${watch}/`));

export default {
  id: 'SEC-HOST-0119',
  title: 'The audit system records who changes accounts, modules, the clock and confinement',
  severity: 'low',
  target: 'host',
  frameworks: [
    ...['CIS-DIL-2.0:4.1.5', 'CIS-DIL-2.0:4.1.6', 'CIS-DIL-2.0:4.1.8', 'CIS-DIL-2.0:4.1.9', 'CIS-DIL-2.0:4.1.10'],
    ...['CIS-DIL-2.0:4.1.16', 'CIS-DIL-2.0:4.1.18', 'CIS-DIL-2.0:4.1.19', 'NIST-800-190:4.5.4'],
  ],
  rationale:
    'These are the traces of somebody who got out of a container and stays. With -e 2 in the end nobody takes a rule away before the next start.',
  remediation:
    "Write '-w PATH -p wa -k host' for each path and '-a always,exit -F arch=b64 -S CALL -k host' for each call that is named, and '-e 2' as the last line, into /etc/audit/rules.d/host.rules, and run 'augenrules --load'.",
  references: ['https://man7.org/linux/man-pages/man7/audit.rules.7.html'],
  examples: [
    {
      good: { files: { '/etc/selinux': null }, auditd: { watches: ['/etc', '/usr', '/var', '/run'] } },
      bad: { files: { '/etc/selinux': null }, auditd: { watches: ['/usr', '/var', '/run'] } },
    },
    {
      good: {
        auditd: {
          syscalls: ['init_module', 'finit_module', 'delete_module', 'clock_settime', 'settimeofday', 'adjtimex'],
        },
      },
      bad: { auditd: { syscalls: ['init_module', 'finit_module', 'delete_module', 'clock_settime', 'settimeofday'] } },
    },
    { good: { auditd: { locked: true } }, bad: { auditd: { locked: false } } },
  ],
  check(facts) {
    const { installed, watches, syscalls, locked, problem: unread } = facts.auditd;
    if (!installed) return notApplicable('auditd is not installed');
    if (syscalls === undefined) return unknown('these facts were recorded by a version that did not look at it');
    const problems = [
      ...Object.entries(PATHS).flatMap(([what, paths]) =>
        paths
          .filter((path) => facts.files[path] != null && !isWatched(path, watches))
          .map((path) => problem(path, `nothing records that ${what}: no rule watches ${path}`, RULES)),
      ),
      ...Object.entries(CALLS).flatMap(([what, calls]) =>
        calls
          .filter((call) => !syscalls.includes(call) && !syscalls.includes('all'))
          .map((call) => problem(call, `nothing records that ${what}: no rule has ${call}`, RULES)),
      ),
      ...(locked ? [] : [problem('-e 2', 'whoever is root takes rules away again: -e 2 is not said', RULES)]),
    ];
    if (problems.length > 0 && unread !== null) return unknown(`the rules cannot be read: ${unread}`);
    return verdict(problems);
  },
} satisfies HostCheck;
