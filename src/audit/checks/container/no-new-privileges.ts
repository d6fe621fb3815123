// SPDX-License-Identifier: Apache-2.0
import { type ContainerCheck, judge, STOPPED } from './shared/judge.ts';

export default {
  id: 'SEC-CONTAINER-0003',
  title: 'Programs inside cannot gain privileges',
  severity: 'high',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.26', 'PSS-Restricted:allowPrivilegeEscalation', 'NIST-800-190:4.4.3'],
  rationale:
    'Without no_new_privs every set-user-id program and file capability of the image makes its caller root inside.',
  remediation:
    "Make the container again with '--security-opt no-new-privileges', for all containers of docker by '\"no-new-privileges\": true' in its daemon.json. Ours have it unless the command or 'noNewPrivileges: false' in the policy takes it away.",
  references: ['https://docs.kernel.org/userspace-api/no_new_privs.html'],
  examples: [
    {
      good: { proof: { 'no-new-privileges': { inForce: true } } },
      bad: { proof: { 'no-new-privileges': { inForce: false } } },
    },
    { good: { ...STOPPED, plan: { noNewPrivileges: true } }, bad: { ...STOPPED, plan: { noNewPrivileges: false } } },
  ],
  check: (facts) =>
    judge(facts, {
      control: 'no-new-privileges',
      plan: ({ noNewPrivileges }) =>
        noNewPrivileges ? null : 'no_new_privs is not set: set-user-id programs give their privileges',
      kernel: ({ inForce }) =>
        inForce === null ? undefined : inForce ? null : 'no_new_privs is not set on its process',
    }),
} satisfies ContainerCheck;
