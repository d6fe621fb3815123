// SPDX-License-Identifier: Apache-2.0
// What keeps the logs of a machine: journald.conf(5), rsyslog.conf(5), logrotate(8), and the files themselves.
import type { Tree } from './tree.ts';

export interface LogFacts {
  /** Of journald.conf and what adds to it, by key. */
  readonly journald: Readonly<Record<string, string>>;
  /** /var/log/journal is there, so that what journald does by itself lasts. */
  readonly journal: boolean;
  /** Ways by which rsyslog takes messages from the network, such as `imudp`. */
  readonly inputs: readonly string[];
  /** Absolute paths of files and directories of /var/log, which are in `files`. */
  readonly paths: readonly string[];
  /** Something is there that shortens logs in time. */
  readonly rotated: boolean;
  /** Why a file cannot be read; null: all can. */
  readonly problem: string | null;
}

const NAMES = 2000;
/** Later ones win over earlier ones, by name. */
const DROP_INS = ['/usr/lib/systemd/journald.conf.d', '/run/systemd/journald.conf.d', '/etc/systemd/journald.conf.d'];
const ROTATORS = [
  ...[
    '/etc/cron.daily/logrotate',
    '/etc/cron.hourly/logrotate',
    '/etc/cron.d/logrotate',
    '/etc/periodic/daily/logrotate',
  ],
  ...[
    '/etc/systemd/system/timers.target.wants/logrotate.timer',
    '/usr/lib/systemd/system/timers.target.wants/logrotate.timer',
  ],
];
const LISTENS =
  /\binput\s*\(\s*type\s*=\s*"(im(?:udp|tcp|ptcp|relp|gssapi))"|^[ \t]*\$(UDPServerRun|InputTCPServerRun|InputPTCPServerRun|InputRELPServerRun)\s/gim;

class Reader {
  readonly #tree: Tree;
  problem: string | null = null;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  text(path: string): string {
    const read = this.#tree.read(path);
    if (read.status === 'unreadable') this.problem ??= `${path}: ${read.why}`;
    return read.status === 'text' ? read.text : '';
  }

  names(directory: string): string[] {
    const found = this.#tree.list(directory);
    if (found === undefined) this.problem ??= `${directory} cannot be listed: audit as root`;
    return (found ?? []).slice(0, NAMES);
  }
}

function journald(reader: Reader): Record<string, string> {
  const files = new Map<string, string>();
  for (const directory of DROP_INS)
    for (const name of reader.names(directory).filter((one) => one.endsWith('.conf')))
      files.set(name, `${directory}/${name}`);
  const settings: Record<string, string> = {};
  for (const path of [
    '/etc/systemd/journald.conf',
    ...[...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, p]) => p),
  ])
    for (const line of reader.text(path).split('\n')) {
      const [, key, value] = /^[ \t]*([A-Za-z]+)[ \t]*=[ \t]*(\S*)/.exec(line) ?? [];
      if (key !== undefined && value !== undefined) settings[key.toLowerCase()] = value.toLowerCase();
    }
  return settings;
}

export function collectLogs(tree: Tree): LogFacts {
  const reader = new Reader(tree);
  const rsyslog = [
    '/etc/rsyslog.conf',
    ...reader
      .names('/etc/rsyslog.d')
      .filter((name) => name.endsWith('.conf'))
      .map((name) => `/etc/rsyslog.d/${name}`),
  ];
  const inputs = rsyslog.flatMap((path) =>
    // A comment may hold an example.
    [
      ...reader
        .text(path)
        .replace(/^[ \t]*#.*$/gm, '')
        .matchAll(LISTENS),
    ].map(([, module, old]) => module ?? old ?? ''),
  );
  const below = (directory: string): string[] => reader.names(directory).map((name) => `${directory}/${name}`);
  return {
    journald: journald(reader),
    journal: tree.stat('/var/log/journal')?.type === 'directory',
    inputs: [...new Set(inputs)],
    paths: [...below('/var/log'), ...below('/var/log/audit')],
    rotated: tree.stat('/etc/logrotate.conf') != null && ROTATORS.some((path) => tree.stat(path) != null),
    problem: reader.problem,
  };
}
