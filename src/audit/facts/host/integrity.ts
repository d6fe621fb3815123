// SPDX-License-Identifier: Apache-2.0
// What compares the files of the system with what they were.
import type { Tree } from './tree.ts';

export interface IntegrityFacts {
  /** Programs that compare, such as `aide`. */
  readonly programs: readonly string[];
  /** Something starts one of them in time, or it runs by itself. Null: a table of cron cannot be read. */
  readonly scheduled: boolean | null;
}

/** By program: whether it waits by itself, or somebody has to start it. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  aide: ['/usr/bin/aide', '/usr/sbin/aide'],
  tripwire: ['/usr/sbin/tripwire', '/usr/bin/tripwire'],
  samhain: ['/usr/sbin/samhain', '/usr/local/sbin/samhain'],
  wazuh: ['/var/ossec/bin/wazuh-syscheckd'],
  ossec: ['/var/ossec/bin/ossec-syscheckd'],
  osquery: ['/usr/bin/osqueryd', '/opt/osquery/bin/osqueryd'],
};
const BY_ITSELF = ['samhain', 'wazuh', 'ossec', 'osquery'];
const TABLES = ['/etc/crontab', '/etc/anacrontab', '/var/spool/cron/crontabs/root', '/var/spool/cron/root'];
const DIRECTORIES = [
  ...['/etc/cron.d', '/etc/cron.hourly', '/etc/cron.daily', '/etc/cron.weekly', '/etc/cron.monthly'],
  ...['/etc/systemd/system/timers.target.wants', '/usr/lib/systemd/system/timers.target.wants'],
  ...['/etc/systemd/system/multi-user.target.wants', '/etc/periodic/daily', '/etc/periodic/weekly'],
];
const STARTS = /aide|tripwire/;

export function collectIntegrity(tree: Tree): IntegrityFacts {
  const programs = Object.keys(PROGRAMS).filter((name) => PROGRAMS[name]?.some((path) => tree.stat(path) != null));
  if (programs.some((name) => BY_ITSELF.includes(name))) return { programs, scheduled: true };
  if (programs.length === 0) return { programs, scheduled: false };
  let unseen = false;
  const found =
    DIRECTORIES.some((directory) => {
      const names = tree.list(directory);
      unseen ||= names === undefined;
      return names?.some((name) => STARTS.test(name)) === true;
    }) ||
    [...TABLES, ...(tree.list('/etc/cron.d') ?? []).slice(0, 200).map((name) => `/etc/cron.d/${name}`)].some((path) => {
      const read = tree.read(path);
      unseen ||= read.status === 'unreadable';
      return read.status === 'text' && STARTS.test(read.text.replace(/^[ \t]*#.*$/gm, ''));
    });
  return { programs, scheduled: found ? true : unseen ? null : false };
}
