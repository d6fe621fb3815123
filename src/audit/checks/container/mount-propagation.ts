// SPDX-License-Identifier: Apache-2.0
import type { Problem } from '../../types.ts';
import { about, type ContainerCheck, planned } from './shared/judge.ts';

const SHARED = new Set(['shared', 'rshared']);

export default {
  id: 'SEC-CONTAINER-0022',
  title: 'What it mounts does not appear on the host',
  severity: 'medium',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.20'],
  rationale: 'With shared propagation a mount that is made inside covers files of the host and of other containers.',
  remediation:
    "Remove 'shared' or 'rshared' from the volume's options: 'private' is the default, 'slave' lets mounts come in only.",
  references: ['https://docs.kernel.org/filesystems/sharedsubtree.html'],
  examples: [
    { good: { plan: { propagation: 'private' } }, bad: { plan: { propagation: 'shared' } } },
    {
      good: {
        plan: {
          mounts: [{ destination: '/data', type: 'bind', source: '/srv', options: ['bind', 'rslave'], own: false }],
        },
      },
      bad: {
        plan: {
          mounts: [{ destination: '/data', type: 'bind', source: '/srv', options: ['bind', 'rshared'], own: false }],
        },
      },
    },
  ],
  check: (facts) =>
    planned(facts, ({ propagation, mounts }) => {
      const problems: Problem[] = SHARED.has(propagation)
        ? [about(facts, '/', `its root file system has ${propagation} propagation`)]
        : [];
      for (const { source, destination, options } of mounts) {
        if (options.some((option) => SHARED.has(option))) {
          problems.push(about(facts, destination, `${source} on ${destination} has shared propagation`));
        }
      }
      return problems;
    }),
} satisfies ContainerCheck;
