// SPDX-License-Identifier: Apache-2.0
import { about, type ContainerCheck, planned } from './shared/judge.ts';
import { attached } from './shared/network.ts';

export default {
  id: 'SEC-CONTAINER-0027',
  title: 'What it may connect to is limited',
  severity: 'low',
  target: 'container',
  frameworks: ['NIST-800-190:4.4.2'],
  rationale:
    'A program that was taken over fetches its tools and sends what it found through the network that it may reach.',
  remediation: "Name the ports it needs in the policy, 'run.egress: [53, 443]', or give it none: '[]'.",
  references: ['https://csrc.nist.gov/pubs/sp/800/190/final'],
  examples: [{ good: { plan: { network: { egress: 'none' } } }, bad: { plan: { network: { egress: 'any' } } } }],
  check: (facts) =>
    planned(facts, (plan) =>
      attached(plan, ({ egress }) =>
        egress === 'none' || Array.isArray(egress)
          ? []
          : [about(facts, 'egress', 'it may connect to every address and port outside')],
      ),
    ),
} satisfies ContainerCheck;
