// SPDX-License-Identifier: Apache-2.0
import { fails, PASS, quoted, unknown } from '../../verdicts.ts';
import { about, type ContainerCheck, needsProof, STOPPED } from './shared/judge.ts';

/** A label that somebody chose: one that was only inherited may stop nothing. */
const confines = (label: string): boolean => label !== '' && label !== 'unconfined';

export default {
  id: 'SEC-CONTAINER-0008',
  title: 'A security module confines its access to files',
  severity: 'medium',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.2', 'CIS-Docker-1.6:5.3', 'PSS-Baseline:appArmor', 'NIST-800-190:4.4.3'],
  rationale:
    'Landlock, AppArmor or SELinux still stand when the program is root inside or a mount was forgotten: each decides on every open by path or label, whatever the permissions say.',
  remediation:
    "Run it with '--profile default' or 'strict' (Landlock), or with a profile that the host enforces: '--security-opt apparmor=NAME'.",
  references: [
    'https://docs.kernel.org/userspace-api/landlock.html',
    'https://docs.kernel.org/admin-guide/LSM/index.html',
  ],
  examples: [
    {
      good: { proof: { 'landlock-files': { inForce: true } } },
      bad: { proof: { 'landlock-files': { inForce: false } } },
    },
    {
      good: { proof: { 'landlock-files': { inForce: false }, lsm: { planned: 'secure-web', inForce: true } } },
      bad: { proof: { 'landlock-files': { inForce: false }, lsm: { planned: 'secure-web', inForce: false } } },
    },
    { good: { ...STOPPED, plan: { landlock: ['write_file'] } }, bad: { ...STOPPED, plan: { landlock: [] } } },
  ],
  check(facts) {
    const { plan, proof } = facts;
    if (plan === null) return unknown('the config.json of the container cannot be read');
    const intended = plan.landlock.length > 0 || confines(plan.label);
    if (!needsProof(facts)) {
      if (intended && proof?.lsm?.inForce === false)
        return fails(about(facts, 'files', `the kernel says that its label is ${quoted(proof.lsm.actual)}`));
      return intended
        ? PASS
        : fails(about(facts, 'files', 'neither Landlock nor a label of AppArmor or SELinux is planned'));
    }
    const landlock = proof?.['landlock-files'];
    const label = proof?.lsm;
    if (landlock?.inForce === true || (label?.inForce === true && confines(label.planned ?? ''))) return PASS;
    if (intended && (landlock === undefined || landlock.inForce === null)) {
      return unknown(`Landlock could not be proven${landlock === undefined ? '' : `: ${quoted(landlock.actual)}`}`);
    }
    const found = `Landlock is not in force, and its label is ${quoted(label?.actual ?? '')}`;
    return fails(about(facts, 'files', intended ? `${found}, although the plan asks for it` : found));
  },
} satisfies ContainerCheck;
