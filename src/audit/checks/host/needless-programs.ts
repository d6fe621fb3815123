// SPDX-License-Identifier: Apache-2.0
import { NEEDLESS_PROGRAMS } from '../../facts/host/files.ts';
import { PASS } from '../../verdicts.ts';
import { files } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

const TELNET = '/usr/bin/telnet';

export default {
  id: 'SEC-HOST-0111',
  title: 'The machine has no programs of other times and other machines',
  severity: 'low',
  target: 'host',
  frameworks: [
    ...['CIS-DIL-2.0:1.5.4', 'CIS-DIL-2.0:1.6.2.4', 'CIS-DIL-2.0:1.6.2.5', 'CIS-DIL-2.0:2.2.2', 'CIS-DIL-2.0:2.3.1'],
    ...['CIS-DIL-2.0:2.3.2', 'CIS-DIL-2.0:2.3.3', 'CIS-DIL-2.0:2.3.4', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  ],
  rationale:
    'Clients that send passwords in the clear get used when they are there; prelink takes the randomness from addresses; a display runs as root and has been one flaw after the other.',
  remediation: "Remove the package of each that is named ('dpkg -S PATH' or 'rpm -qf PATH' says which).",
  references: ['https://csrc.nist.gov/pubs/sp/800/190/final'],
  examples: [
    {
      good: { files: { [TELNET]: null } },
      bad: { files: { [TELNET]: { type: 'file', mode: 0o755, uid: 0, gid: 0 } } },
    },
  ],
  check(facts) {
    const verdict = files(
      facts,
      Object.keys(NEEDLESS_PROGRAMS),
      '',
      (_, path) => `is there: ${NEEDLESS_PROGRAMS[path] ?? ''}`,
    );
    // That none is there is what is wanted.
    return verdict.status === 'not-applicable' ? PASS : verdict;
  },
} satisfies HostCheck;
