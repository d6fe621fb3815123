// SPDX-License-Identifier: Apache-2.0
import { sets } from '../../yaml-text.ts';
import { type ComposeCheck, flag, SERVICES, service } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0012',
  title: 'The root file system is read-only',
  severity: 'medium',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.13', 'NIST-800-190:4.4.4'],
  rationale: 'What a program cannot write to, an attacker cannot keep a tool in or replace a library of.',
  remediation: 'Set `read_only: true`, with `tmpfs` or volumes for what is written to.',
  references: [`${SERVICES}#read_only`],
  examples: [{ good: service('read_only: true'), bad: service('read_only: false') }],
  check: (facts) => flag(facts, 'read_only', facts.readOnly, false, 'its root file system is writable'),
  fix: sets(true, {
    does: 'Sets `read_only: true`.',
    risk: 'a program that writes to the file system of its image fails: give those directories to `tmpfs` or a volume',
  }),
} satisfies ComposeCheck;
