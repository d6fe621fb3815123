// SPDX-License-Identifier: Apache-2.0
import { problem, quoted, unknown, verdict } from '../../verdicts.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** The first id of people, where login.defs does not say another. */
const PEOPLE = 1000;
const CLOSED = /(?:^|\/)(?:nologin|false|true|sync|shutdown|halt|git-shell)$/;
const daemon = (usable: readonly string[]) => ({
  accounts: [
    { name: 'root', uid: 0, gid: 0 },
    { name: 'backup', uid: 34, gid: 34 },
  ],
  logins: { usable, shells: { root: '/bin/bash', backup: '/bin/sh' } },
});

export default {
  id: 'SEC-HOST-0128',
  title: 'Nobody logs in as an account of a service',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:5.4.2', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.4'],
  rationale:
    'An account of a service has files that it works on, and nobody who notices that somebody logs in by it. One with a shell but no password is for su of root, and counts as closed.',
  remediation: "Run 'usermod --lock --shell /usr/sbin/nologin NAME' for each that is named.",
  references: ['https://man7.org/linux/man-pages/man8/nologin.8.html'],
  examples: [{ good: daemon([]), bad: daemon(['backup']) }],
  check({ accounts, logins }) {
    if (logins === undefined) return NOT_COLLECTED;
    const { shells, usable, defs } = logins;
    if (accounts === undefined || shells === null) return unknown('/etc/passwd cannot be read');
    if (usable === null) return unknown('/etc/shadow cannot be read: audit as root');
    const said = Number(defs?.UID_MIN);
    const first = Number.isInteger(said) && said > 0 ? said : PEOPLE;
    return verdict(
      accounts
        .filter(({ name, uid }) => uid > 0 && uid < first && usable.includes(name))
        .filter(({ name }) => !CLOSED.test(shells[name] ?? ''))
        .map(({ name, uid }) =>
          problem(name, `the account ${quoted(name)} (${uid}) of the system has a shell and a password`, {
            logical: '/etc/passwd',
            path: 'etc/passwd',
          }),
        ),
    );
  },
} satisfies HostCheck;
