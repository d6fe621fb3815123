// SPDX-License-Identifier: Apache-2.0
import { fails, PASS, problem, unknown } from '../../verdicts.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** What writes messages to a disk. */
const WRITERS = ['rsyslog.service', 'syslog-ng.service', 'syslog.service', 'busybox-syslogd.service'];
const journal = (storage: string, kept = true) => ({
  system: { enabledUnits: ['docker.service'] },
  logs: { journald: { storage }, journal: kept },
});

export default {
  id: 'SEC-HOST-0120',
  title: 'Logs outlast the next start',
  severity: 'medium',
  target: 'host',
  frameworks: [
    ...['CIS-DIL-2.0:4.2.1.1', 'CIS-DIL-2.0:4.2.1.2', 'CIS-DIL-2.0:4.2.2.3', 'CIS-Docker-1.6:1.2.1'],
    'NIST-800-190:4.5.5',
  ],
  rationale:
    'What an intruder did is in the journal, which is in memory where nobody said otherwise: to start the machine again is all that it takes to lose it.',
  remediation:
    "Write 'Storage=persistent' below [Journal] into /etc/systemd/journald.conf.d/10-persistent.conf and run 'systemctl restart systemd-journald', or run 'apt-get install rsyslog'.",
  references: ['https://man7.org/linux/man-pages/man5/journald.conf.5.html'],
  examples: [
    { good: journal('persistent'), bad: journal('volatile') },
    { good: journal('auto'), bad: journal('auto', false) },
    {
      good: { system: { enabledUnits: ['rsyslog.service'] }, logs: { journald: { storage: 'none' } } },
      bad: { system: { enabledUnits: ['nftables.service'] }, logs: { journald: { storage: 'none' } } },
    },
  ],
  check({ logs, system: { enabledUnits } }) {
    if (logs === undefined) return NOT_COLLECTED;
    if (enabledUnits?.some((unit) => WRITERS.includes(unit))) return PASS;
    const storage = logs.journald.storage ?? 'auto';
    if (storage === 'persistent' || (storage === 'auto' && logs.journal)) return PASS;
    if (enabledUnits === undefined)
      return unknown('what the system starts cannot be told, and the journal does not last');
    if (logs.problem !== null) return unknown(`the configuration of logs cannot be read: ${logs.problem}`);
    const why = storage === 'auto' ? '/var/log/journal is not there' : `Storage of journald is ${storage}`;
    return fails(
      problem('journal', `${why}, and no other service writes logs to a disk`, {
        logical: 'journald',
        path: 'etc/systemd/journald.conf',
      }),
    );
  },
} satisfies HostCheck;
