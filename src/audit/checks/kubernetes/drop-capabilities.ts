// SPDX-License-Identifier: Apache-2.0
import { eachContainer, type KubernetesCheck, onLinux, STANDARDS, security } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0007',
  title: 'Every capability is dropped',
  severity: 'medium',
  target: 'kubernetes',
  frameworks: ['PSS-Restricted:capabilities', 'CIS-Docker-1.6:5.4', 'NIST-800-190:4.4.3'],
  rationale:
    'An engine gives a container fourteen capabilities of which most programs use none: NET_RAW forges packets, MKNOD and SETFCAP leave things behind for others, DAC_OVERRIDE reads every file.',
  remediation:
    'Set `capabilities: {drop: [ALL]}` in each container, and add `NET_BIND_SERVICE` where a port below 1024 is listened on.',
  references: [STANDARDS],
  examples: [
    { good: security('capabilities:\n  drop: [ALL]'), bad: security('capabilities:\n  drop: [NET_RAW]') },
    {
      good: security('capabilities:\n  drop: [ALL]\n  add: [NET_BIND_SERVICE]'),
      bad: security('capabilities:\n  drop: [ALL]\n  add: [CHOWN]'),
    },
  ],
  check: (facts) =>
    onLinux(facts, () =>
      eachContainer(facts, ({ capabilities: { add, drop } }) => {
        if (!drop.includes('ALL'))
          return ['/securityContext/capabilities/drop', 'it keeps what the engine gives it: drop does not name ALL'];
        const more = add.filter((name) => name !== 'NET_BIND_SERVICE');
        return more.length === 0 ? null : ['/securityContext/capabilities/add', `it gets ${more.join(', ')} back`];
      }),
    ),
  fix: {
    does: 'Adds `ALL` to `capabilities.drop` of the container. What it gets back by `add` is left.',
    risk: 'a program that needs a capability fails without it: name that in `add`',
    edits: ({ line }, { location: { pointer } }) =>
      pointer?.endsWith('/drop') === true ? [{ kind: 'yaml', line, at: pointer, value: ['ALL'] }] : [],
  },
} satisfies KubernetesCheck;
