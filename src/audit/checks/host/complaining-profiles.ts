// SPDX-License-Identifier: Apache-2.0
import { notApplicable, problem, quoted, unknown, verdict } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0113',
  title: 'Profiles of AppArmor refuse, and do not only complain',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:1.6.3.2', 'CIS-Docker-1.6:5.2', 'NIST-800-190:4.5.1'],
  rationale:
    'A profile in complain mode logs what it would refuse and lets it through: a container under it looks confined and is not.',
  remediation:
    "Run 'aa-enforce PROFILE' for each that is named, once what it complains about ('journalctl -k | grep ALLOWED') is allowed or mended.",
  references: ['https://manpages.debian.org/stable/apparmor-utils/aa-enforce.8.en.html'],
  examples: [
    {
      good: { kernel: { complaining: [] } },
      bad: { kernel: { complaining: ['docker-default'] } },
    },
  ],
  check({ kernel: { appArmor, complaining } }) {
    if (appArmor === 'absent') return notApplicable('AppArmor is not active');
    if (complaining === undefined)
      return unknown('/sys/kernel/security/apparmor/profiles cannot be read: audit as root');
    if (complaining === null) return unknown('no list of profiles is there: securityfs is not mounted');
    return verdict(
      complaining.map((name) =>
        problem(name, `the profile ${quoted(name)} only complains`, {
          logical: name,
          path: 'sys/kernel/security/apparmor/profiles',
        }),
      ),
    );
  },
} satisfies HostCheck;
