// SPDX-License-Identifier: Apache-2.0
import { type ContainerCheck, judge, STOPPED } from './shared/judge.ts';

/** `uid 0:1959854080:65536; gid …`: the first id outside of each range. */
const outside = (actual: string): number[] => [...actual.matchAll(/\b\d+:(\d+):\d+/g)].map((match) => Number(match[1]));
const SHARED = 'it has no user namespace of its own: root inside is root on the host';

export default {
  id: 'SEC-CONTAINER-0004',
  title: 'It has a range of user ids of its own',
  severity: 'high',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.31', 'NIST-800-190:4.4.3'],
  rationale:
    'In a user namespace root inside is nobody outside: what leaves the container owns no file and no process of the host.',
  remediation:
    "Of docker: '\"userns-remap\": \"default\"' in its daemon.json; of podman: '--userns auto'; of ours: 'run.user.namespace: required' in the policy, as every built-in profile has it. Then make the container again.",
  references: ['https://man7.org/linux/man-pages/man7/user_namespaces.7.html'],
  examples: [
    {
      good: { proof: { 'user-namespace': { actual: 'uid 0:1959854080:65536; gid 0:1959854080:65536' } } },
      bad: { proof: { 'user-namespace': { actual: 'uid 0:0:4294967295; gid 0:0:4294967295' } } },
    },
    {
      good: { ...STOPPED, plan: { uidMappings: [{ inside: 0, outside: 1959854080, size: 65536 }] } },
      bad: { ...STOPPED, plan: { uidMappings: [{ inside: 0, outside: 0, size: 65536 }] } },
    },
    {
      good: { ...STOPPED, plan: { namespaces: { user: '' } } },
      bad: { ...STOPPED, plan: { namespaces: { user: undefined } } },
    },
  ],
  check: (facts) =>
    judge(facts, {
      control: 'user-namespace',
      plan: ({ namespaces, uidMappings }) => {
        if (namespaces.user === undefined) return SHARED;
        const root = uidMappings.find((range) => range.outside === 0);
        return root === undefined ? null : `its user namespace maps id ${root.inside} to root of the host`;
      },
      kernel: ({ actual }) => {
        const starts = outside(actual);
        if (starts.length === 0) return undefined;
        return starts.includes(0) ? `the kernel maps its ids to ${actual}, root of the host among them` : null;
      },
    }),
} satisfies ContainerCheck;
