// SPDX-License-Identifier: Apache-2.0
import { fails, notApplicable, PASS, problem, quoted, unknown } from '../../verdicts.ts';
import { type HostCheck, sysctlFix, sysctlLocation } from './shared/sysctl.ts';

const RESTRICTED = 'kernel.apparmor_restrict_unprivileged_userns';
const NAME = 'kernel.apparmor_restrict_unprivileged_unconfined';
const both = (value: string) => ({ kernel: { sysctls: { [RESTRICTED]: '1', [NAME]: value } } });

export default {
  id: 'SEC-HOST-0087',
  title: 'What AppArmor takes from programs they do not get back by another profile',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'Ubuntu lets only programs with a profile make user namespaces; without this any program starts itself under the profile of one that may, and has what was taken from it.',
  remediation:
    "Run 'sysctl -w kernel.apparmor_restrict_unprivileged_unconfined=1' and put kernel.apparmor_restrict_unprivileged_unconfined = 1 into /etc/sysctl.d/60-containers.conf. Engines without root keep their own profiles.",
  references: ['https://discourse.ubuntu.com/t/understanding-apparmor-user-namespace-restriction/58007'],
  examples: [{ good: both('1'), bad: both('0') }],
  check({ kernel: { sysctls } }) {
    if (sysctls === undefined) return unknown('no /proc/sys of the kernel is in this file tree');
    const [restricted, value] = [sysctls[RESTRICTED], sysctls[NAME]];
    if (restricted === undefined || value === undefined)
      return unknown('the settings of AppArmor cannot be read: audit as root');
    if (restricted === null || value === null) return notApplicable('this kernel has no such setting');
    if (restricted === '0') return notApplicable('AppArmor takes user namespaces from nobody here');
    if (value === '1') return PASS;
    return fails(problem(NAME, `${NAME} is ${quoted(value)}: it has to be 1`, sysctlLocation(NAME)));
  },
  fix: sysctlFix(
    { [NAME]: '1' },
    { risk: 'programs of users that put themselves under a profile by aa-exec do not start' },
  ),
} satisfies HostCheck;
