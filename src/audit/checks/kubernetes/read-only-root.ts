// SPDX-License-Identifier: Apache-2.0
import { sets } from '../../yaml-text.ts';
import { CONTEXT, eachContainer, type KubernetesCheck, security } from './shared/check.ts';

export default {
  id: 'SEC-KUBERNETES-0021',
  title: 'The root file system is read-only',
  severity: 'medium',
  target: 'kubernetes',
  frameworks: ['CIS-Docker-1.6:5.13', 'NIST-800-190:4.4.4'],
  rationale: 'What a program cannot write to, an attacker cannot keep a tool in or replace a library of.',
  remediation: 'Set `securityContext.readOnlyRootFilesystem: true`, with an `emptyDir` for what is written to.',
  references: [CONTEXT],
  examples: [
    { good: security('readOnlyRootFilesystem: true'), bad: security('readOnlyRootFilesystem: false') },
    { good: security('readOnlyRootFilesystem: true'), bad: security('readOnlyRootFilesystem:') },
  ],
  check: (facts) =>
    eachContainer(facts, ({ readOnlyRootFilesystem: set }) =>
      set === true
        ? null
        : [
            '/securityContext/readOnlyRootFilesystem',
            `its root file system is writable: readOnlyRootFilesystem is ${set === null ? 'not set' : 'false'}`,
          ],
    ),
  fix: sets(true, {
    does: 'Sets `readOnlyRootFilesystem: true` in the container.',
    risk: 'a program that writes to the file system of its image fails: mount an emptyDir at those directories',
  }),
} satisfies KubernetesCheck;
