// SPDX-License-Identifier: Apache-2.0
import { notApplicable, problem, quoted, unknown, verdict } from '../../verdicts.ts';
import { fileLocation } from './shared/files.ts';
import { NOT_COLLECTED } from './shared/later.ts';
import type { HostCheck } from './shared/sysctl.ts';

const LIST = '/etc/apt/sources.list';

export default {
  id: 'SEC-HOST-0109',
  title: 'Packages of the system are installed only when they are signed',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:1.2.1', 'CIS-DIL-2.0:1.2.2', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.3'],
  rationale:
    'Whoever stands between the machine and a mirror, or runs the mirror, puts a program of his own into the next update, which is installed by root.',
  remediation:
    "Remove 'trusted=yes', 'AllowUnauthenticated', 'gpgcheck=0' or 'SigLevel = Never' from the file that is named, and import the key of the repository (signed-by= for apt, gpgkey= for dnf).",
  references: [
    'https://manpages.debian.org/stable/apt/sources.list.5.en.html',
    'https://dnf.readthedocs.io/en/latest/conf_ref.html',
  ],
  examples: [
    {
      good: { packages: { managers: ['apt'], unsigned: [], problem: null } },
      bad: { packages: { managers: ['apt'], unsigned: [{ file: LIST, what: 'trusted=yes' }], problem: null } },
    },
  ],
  check({ packages }) {
    if (packages === undefined) return NOT_COLLECTED;
    const { managers, unsigned, problem: unread } = packages;
    if (unsigned.length === 0 && unread !== null) return unknown(`what is trusted cannot be told: ${unread}`);
    if (managers.length === 0) return notApplicable('none of apt, dnf, yum, zypper and pacman is configured here');
    return verdict(
      unsigned.map(({ file, what }) =>
        problem(`${file} ${what}`, `${file} takes packages that nobody signed: ${quoted(what)}`, fileLocation(file)),
      ),
    );
  },
} satisfies HostCheck;
