// SPDX-License-Identifier: Apache-2.0
import { notApplicable, unknown } from '../../verdicts.ts';
import { type EngineCheck, known, ofEngine } from './shared/check.ts';

/** Those that keep what they get on this machine. */
const LOCAL = ['json-file', 'local', 'none', 'k8s-file', 'passthrough'];

export default {
  id: 'SEC-ENGINE-0019',
  title: 'Logs of containers leave the host',
  severity: 'low',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:2.13', 'NIST-800-190:4.5.5'],
  rationale: 'Whoever takes over the host removes from its logs how he came; what was sent away he does not reach.',
  remediation:
    'Set "log-driver" in daemon.json to syslog, fluentd, gelf or what your collector takes, or to journald where the journal is sent on; then restart docker.',
  references: ['https://docs.docker.com/engine/logging/configure/'],
  examples: [{ good: { info: { loggingDriver: 'syslog' } }, bad: { info: { loggingDriver: 'json-file' } } }],
  check: (facts) =>
    known(facts, 'info', ({ loggingDriver }) => {
      if (facts.engine === 'containerd' || facts.engine === 'crio')
        return notApplicable('kubelet keeps the logs of its containers');
      if (loggingDriver === '') return unknown('it does not say where logs of containers go');
      return LOCAL.includes(loggingDriver)
        ? [ofEngine(facts, 'log-driver', `logs of containers stay on the host: ${loggingDriver}`)]
        : [];
    }),
} satisfies EngineCheck;
