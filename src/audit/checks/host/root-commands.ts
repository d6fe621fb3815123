// SPDX-License-Identifier: Apache-2.0
import { files, onlyRootWrites, writableByOthers } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0082',
  title: 'Only root changes what cron and sudo run',
  severity: 'critical',
  target: 'host',
  frameworks: [
    'CIS-DIL-2.0:5.1.2',
    'CIS-DIL-2.0:5.1.3',
    'CIS-DIL-2.0:5.1.4',
    'CIS-DIL-2.0:5.1.5',
    'CIS-DIL-2.0:5.1.6',
    'CIS-DIL-2.0:5.1.7',
    'CIS-Docker-1.6:1.2.1',
  ],
  rationale: 'Who can write a line there runs a command as root within the hour, or whenever he likes.',
  remediation:
    "Run 'chown root:root PATH && chmod go-w PATH' for each that is named, and find out who wrote it ('ls -l --time-style=full-iso PATH').",
  references: ['https://man7.org/linux/man-pages/man5/crontab.5.html', 'https://www.sudo.ws/docs/man/sudoers.man/'],
  examples: [
    { good: { files: { '/etc/crontab': { mode: 0o644 } } }, bad: { files: { '/etc/crontab': { mode: 0o646 } } } },
    { good: { files: { '/etc/sudoers': { uid: 0 } } }, bad: { files: { '/etc/sudoers': { uid: 1000 } } } },
  ],
  check: (facts) => files(facts, facts.system.rootCommands, 'neither cron nor sudo is installed', writableByOthers),
  fix: onlyRootWrites,
} satisfies HostCheck;
