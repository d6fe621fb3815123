// SPDX-License-Identifier: Apache-2.0
import { notApplicable } from '../../verdicts.ts';
import { type EngineCheck, known, ofEngine } from './shared/check.ts';

export default {
  id: 'SEC-ENGINE-0002',
  title: 'Root in its containers is not root on the host',
  severity: 'medium',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:2.9', 'NIST-800-190:4.4.3'],
  rationale:
    'What leaves a container whose ids are those of the host, by a bug of the kernel or a mounted path, is root there. This asks the daemon that runs; its file may have been changed since.',
  remediation:
    'Set "userns-remap": "default" in daemon.json and restart docker, or run it without root. Images have to be pulled again.',
  references: ['https://docs.docker.com/engine/security/userns-remap/'],
  examples: [{ good: { info: { userNamespaces: true } }, bad: { info: { userNamespaces: false } } }],
  check: (facts) =>
    known(facts, 'info', ({ userNamespaces }) => {
      if (facts.engine !== 'docker' && !userNamespaces)
        return notApplicable('it is decided for each container, and the checks of containers look at it');
      return userNamespaces ? [] : [ofEngine(facts, 'userns', 'ids in its containers are those of the host')];
    }),
} satisfies EngineCheck;
