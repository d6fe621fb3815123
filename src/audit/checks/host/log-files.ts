// SPDX-License-Identifier: Apache-2.0
import { unknown } from '../../verdicts.ts';
import { accessFix, type Flaw, files, octal } from './shared/files.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** What holds names, passwords that were typed as names, and what others did; the rest tells of packages and starts. */
const PRIVATE =
  /\/(?:auth\.log|secure|syslog|messages|kern\.log|daemon\.log|user\.log|debug|cron|cron\.log|maillog|mail\.log|audit\.log|btmp|sudo\.log)(?:[.-][^/]*)?$/;
const LOG = '/var/log/auth.log';
const log = (mode: number) => ({
  logs: { paths: [LOG] },
  files: { [LOG]: { type: 'file' as const, mode, uid: 0, gid: 4 } },
});

export default {
  id: 'SEC-HOST-0121',
  title: 'Logs are changed by nobody, and read by few',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:4.2.1.4', 'CIS-DIL-2.0:4.2.3', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.5'],
  rationale:
    'Who writes a log takes himself out of it; who reads one finds the password that somebody typed where the name was asked for.',
  remediation:
    "Run 'chmod o-rwx PATH' for each that is named, and have rsyslog make its files so: '$FileCreateMode 0640' in /etc/rsyslog.conf.",
  references: ['https://www.rsyslog.com/doc/configuration/action/rsconf1_filecreatemode.html'],
  examples: [
    { good: log(0o640), bad: log(0o644) },
    { good: log(0o660), bad: log(0o662) },
  ],
  check(facts) {
    if (facts.logs === undefined) return NOT_COLLECTED;
    const verdict = files(facts, facts.logs.paths, 'there are no logs', ({ type, mode }, path): Flaw[] => {
      if (type === 'directory' && (mode & 0o1000) !== 0) return [];
      const write = (mode & 0o002) !== 0 ? 'everybody can change it' : undefined;
      const read = type === 'file' && (mode & 0o004) !== 0 && PRIVATE.test(path) ? 'everybody can read it' : undefined;
      const what = write ?? read;
      return what === undefined ? [] : [{ what: `has mode ${octal(mode)}: ${what}`, aspect: ' mode' }];
    });
    if (verdict.status === 'fail' || facts.logs.problem === null) return verdict;
    return unknown(`not all logs can be looked at: ${facts.logs.problem}`);
  },
  fix: accessFix('Takes the rights that others have on the file; of a directory, that to write.', ({ type }) => ({
    without: type === 'directory' ? 0o002 : 0o006,
  })),
} satisfies HostCheck;
