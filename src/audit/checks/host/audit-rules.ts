// SPDX-License-Identifier: Apache-2.0
import { ENGINE_FILES, ENGINE_PROGRAMS, RUN_DIRECTORIES, SOCKETS, STORES } from '../../facts/host/files.ts';
import { notApplicable, problem, unknown, verdict } from '../../verdicts.ts';
import { fileLocation } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

const RULES = { logical: '/etc/audit/rules.d', path: 'etc/audit/rules.d' };
const WATCHED = [...ENGINE_FILES, ...ENGINE_PROGRAMS, ...STORES, ...RUN_DIRECTORIES, ...SOCKETS];

export default {
  id: 'SEC-HOST-0029',
  title: 'The audit system watches container engines',
  severity: 'low',
  target: 'host',
  frameworks: [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18].map((n) => `CIS-Docker-1.6:1.1.${n}`),
  rationale:
    'Who changed a program, a unit or the configuration of an engine, and when, is found out only where it was written down then.',
  remediation:
    "Run 'apt-get install auditd', write a line '-w PATH -p rwxa -k containers' for each path that is named into /etc/audit/rules.d/containers.rules, and run 'augenrules --load'.",
  references: ['https://man7.org/linux/man-pages/man7/audit.rules.7.html'],
  examples: [
    { good: { auditd: { installed: true } }, bad: { auditd: { installed: false } } },
    {
      good: { files: { '/etc/docker': null }, auditd: { watches: ['/etc', '/usr', '/var', '/run'] } },
      bad: { files: { '/etc/docker': null }, auditd: { watches: ['/etc', '/usr', '/run'] } },
    },
  ],
  check({ auditd, files }) {
    const present = WATCHED.filter((path) => files[path] != null);
    if (present.length === 0) return notApplicable('no container engine is installed');
    if (!auditd.installed)
      return verdict(present.map((path) => problem(path, `nothing watches ${path}: auditd is not installed`, RULES)));
    const open = present.filter(
      (path) => !auditd.watches.some((watch) => watch === '/' || path === watch || path.startsWith(`${watch}/`)),
    );
    if (open.length > 0 && auditd.problem !== null) return unknown(`the rules cannot be read: ${auditd.problem}`);
    return verdict(open.map((path) => problem(path, `no audit rule watches ${path}`, fileLocation(path))));
  },
  fix: {
    does: 'Writes a line for each path into /etc/audit/rules.d/60-secure.rules, where auditd is installed; a person loads it.',
    edits: ({ auditd }, { key: path }) => {
      const store = [...STORES, ...RUN_DIRECTORIES].includes(path);
      if (!auditd.installed) return [];
      return [
        {
          ...{ kind: 'watch', path, permissions: ENGINE_PROGRAMS.includes(path) ? 'wax' : 'wa' },
          ...(store ? { risk: 'every write of every container is logged, which slows them and fills the log' } : {}),
        },
      ];
    },
  },
} satisfies HostCheck;
