// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { type EngineCheck, known, ofEngine } from './shared/check.ts';

export default {
  id: 'SEC-ENGINE-0003',
  title: 'It filters the system calls of its containers',
  severity: 'high',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:2.17', 'NIST-800-190:4.4.3'],
  rationale:
    'Without a filter every container may use every system call, and bugs in rarely used ones are how programs take over the kernel. This asks the engine that runs: the kernel may not offer filters, whatever its file says.',
  remediation:
    'Remove "seccomp-profile": "unconfined" in daemon.json, use a kernel with CONFIG_SECCOMP_FILTER, and restart the engine.',
  references: ['https://docs.docker.com/engine/security/seccomp/'],
  examples: [
    { good: { info: { seccomp: 'builtin' } }, bad: { info: { seccomp: 'unconfined' } } },
    { good: { info: { seccomp: 'default' } }, bad: { info: { seccomp: '' } } },
  ],
  check: (facts) =>
    known(facts, 'info', ({ seccomp }) =>
      seccomp === '' || seccomp === 'unconfined'
        ? [ofEngine(facts, 'seccomp', `its filter of system calls is ${seccomp === '' ? 'missing' : quoted(seccomp)}`)]
        : [],
    ),
} satisfies EngineCheck;
