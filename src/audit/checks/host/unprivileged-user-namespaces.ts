// SPDX-License-Identifier: Apache-2.0
import { fails, notApplicable, PASS, problem, unknown } from '../../verdicts.ts';
import { type HostCheck, setting, sysctlLocation } from './shared/sysctl.ts';

const [CLONE, RESTRICT] = ['kernel.unprivileged_userns_clone', 'kernel.apparmor_restrict_unprivileged_userns'] as const;
const nobody = (restricted: string | null, made: string | null) => ({
  kernel: { sysctls: { [RESTRICT]: restricted, [CLONE]: made } },
  rootless: { users: [] },
});

export default {
  id: 'SEC-HOST-0105',
  title: 'Only programs that need them make user namespaces without privilege',
  severity: 'low',
  target: 'host',
  frameworks: ['NIST-800-190:4.5.1'],
  rationale:
    'In a user namespace of his own every user reaches code of the kernel that otherwise only root does, and most ways to take over a kernel of the last years begin there. Engines without root need them; other programs hardly.',
  remediation:
    "Where AppArmor can limit it: 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=1' and a profile with 'userns,' for rootlesskit, podman and what else needs them. Where nobody runs an engine without root: 'sysctl -w kernel.unprivileged_userns_clone=0'. Not user.max_user_namespaces=0: root's engines need that.",
  references: [
    'https://gitlab.com/apparmor/apparmor/-/wikis/unprivileged_userns_restriction',
    'https://docs.docker.com/engine/security/rootless/troubleshoot/',
  ],
  examples: [
    { good: setting(RESTRICT, '1'), bad: setting(RESTRICT, '0') },
    { good: nobody(null, '0'), bad: nobody(null, '1') },
  ],
  check({ kernel: { sysctls }, rootless: { users, problem: why } }) {
    if (sysctls === undefined) return unknown('no /proc/sys of the kernel is in this file tree');
    const [made, restricted] = [sysctls[CLONE], sysctls[RESTRICT]];
    if (made === undefined || restricted === undefined)
      return unknown('settings of the kernel cannot be read: audit as root');
    if (made === '0' || restricted === '1') return PASS;
    if (restricted !== null)
      return fails(
        problem(RESTRICT, `${RESTRICT} is ${restricted}: every program makes them`, sysctlLocation(RESTRICT)),
      );
    if (made === null) return notApplicable('this kernel gives them to all users or to none');
    if (users.length > 0)
      return notApplicable('users run engines without root, and this kernel cannot give them to some programs alone');
    if (why !== null) return unknown(why);
    return fails(
      problem(CLONE, `${CLONE} is ${made}, and no user runs an engine that needs them`, sysctlLocation(CLONE)),
    );
  },
} satisfies HostCheck;
