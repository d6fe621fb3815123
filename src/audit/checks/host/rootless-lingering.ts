// SPDX-License-Identifier: Apache-2.0
import { problem } from '../../verdicts.ts';
import { fileLocation } from './shared/files.ts';
import { ofUsers, user } from './shared/rootless.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0103',
  title: 'Engines without root outlive the sessions of their users',
  severity: 'low',
  target: 'host',
  frameworks: ['NIST-800-190:4.5.1'],
  rationale:
    'Without lingering systemd ends everything of a user when his last session ends, his engine and all its containers included, and starts nothing of it with the machine: what guards or logs in a container is gone when nobody looks.',
  remediation: "Run 'loginctl enable-linger NAME' for users whose containers are services; for others waive this.",
  references: [
    'https://man7.org/linux/man-pages/man1/loginctl.1.html',
    'https://docs.docker.com/engine/security/rootless/#daemon',
  ],
  examples: [{ good: user({ lingers: true }), bad: user({ lingers: false }) }],
  check: (facts) =>
    ofUsers(facts, ({ name, lingers }) => {
      if (lingers === null) return '/var/lib/systemd/linger cannot be read: audit as root';
      return lingers
        ? []
        : [
            problem(
              name,
              `${name} does not linger: his containers end with his session`,
              fileLocation('/var/lib/systemd/linger'),
            ),
          ];
    }),
} satisfies HostCheck;
