// SPDX-License-Identifier: Apache-2.0
import { whose } from '../../facts/probe/namespaces.ts';
import { unknown, verdict } from '../../verdicts.ts';
import { about, type ProbeCheck } from './shared/judge.ts';

/** Processes and networks have checks of their own; that of control groups is no way out while they are read-only. */
const KINDS = { mnt: 'mounts', ipc: 'shared memory and semaphores', uts: 'names' } as const;

export default {
  id: 'SEC-PROBE-0027',
  title: 'Mounts, shared memory and names of the host are not its own',
  severity: 'high',
  target: 'probe',
  frameworks: ['CIS-Docker-1.6:5.17', 'CIS-Docker-1.6:5.21', 'PSS-Baseline:hostNamespaces'],
  rationale:
    "In the host's ipc namespace a program reads and writes the shared memory of its databases and browsers, in its uts namespace it renames the machine, and with its mounts it is no container.",
  remediation: "Remove '--ipc host' and '--uts host'.",
  references: ['https://man7.org/linux/man-pages/man7/namespaces.7.html'],
  examples: [
    { good: {}, bad: { namespaces: { ipc: { inode: 0xefffffff } } } },
    { good: {}, bad: { namespaces: { uts: { inode: 0xeffffffe } } } },
  ],
  check(facts) {
    const kinds = Object.entries(KINDS) as (readonly [keyof typeof KINDS, string])[];
    const problems = kinds
      .filter(([kind]) => whose(facts, kind) === 'host')
      .map(([kind, what]) => about(facts, kind, `its ${kind} namespace is that of the host: ${what}`));
    const open = kinds.filter(([kind]) => whose(facts, kind) === 'unknown').map(([kind]) => kind);
    if (problems.length > 0 && open.length > 0) return { status: 'fail', problems, unseen: open };
    return problems.length === 0 && open.length > 0
      ? unknown(`whose its ${open.join(' and ')} namespace is could not be told`)
      : verdict(problems);
  },
} satisfies ProbeCheck;
