// SPDX-License-Identifier: Apache-2.0
// Where servers of mail listen: postconf(5), update-exim4.conf(8).
import type { Tree } from './tree.ts';

export interface MailFacts {
  /** By unit, what its configuration has it listen at; '' is everywhere. */
  readonly listens: Readonly<Record<string, string>>;
  /** Why a file cannot be read; null: all can. */
  readonly problem: string | null;
}

const SERVERS: readonly (readonly [unit: string, file: string, setting: RegExp])[] = [
  ['postfix.service', '/etc/postfix/main.cf', /^inet_interfaces[ \t]*=[ \t]*([^\n#]*)/gm],
  ['exim4.service', '/etc/exim4/update-exim4.conf.conf', /^dc_local_interfaces=([^\n#]*)/gm],
];

export function collectMail(tree: Tree): MailFacts {
  const listens: Record<string, string> = {};
  let problem: string | null = null;
  for (const [unit, file, setting] of SERVERS) {
    const read = tree.read(file);
    if (read.status === 'unreadable') problem ??= `${file}: ${read.why}`;
    // Of a setting that is there twice the last counts.
    if (read.status === 'text')
      listens[unit] = ([...read.text.matchAll(setting)].at(-1)?.[1] ?? '').replaceAll(/["']/g, '').trim();
  }
  return { listens, problem };
}
