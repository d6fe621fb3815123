// SPDX-License-Identifier: Apache-2.0
import { notApplicable } from '../../verdicts.ts';
import { type EngineCheck, known, ofEngine } from './shared/check.ts';

export default {
  id: 'SEC-ENGINE-0018',
  title: 'Somebody decides who may ask the engine for what',
  severity: 'medium',
  target: 'engine',
  frameworks: ['CIS-Docker-1.6:2.12', 'NIST-800-190:4.3.1'],
  rationale:
    'Without an authorization plugin whoever may connect may do everything: look at logs or start a container with the disk of the host in it.',
  remediation:
    'Set "authorization-plugins": ["NAME"] in daemon.json, with a plugin such as opa-docker-authz, and restart docker; or give users podman or docker without root instead of the socket.',
  references: ['https://docs.docker.com/engine/extend/plugins_authorization/'],
  examples: [
    {
      good: { info: { rootless: false, authorization: ['opa'] } },
      bad: { info: { rootless: false, authorization: [] } },
    },
  ],
  check: (facts) =>
    known(facts, 'info', ({ authorization, rootless }) => {
      if (facts.engine !== 'docker' && facts.engine !== 'podman')
        return notApplicable('it has no such plugins: its socket is for kubelet');
      if (facts.engine === 'podman') return notApplicable('podman has no such plugins: its socket belongs to one user');
      if (rootless) return notApplicable('its socket belongs to one user, who may do no more by it than without');
      return authorization.length > 0
        ? []
        : [ofEngine(facts, 'authorization', 'every request is granted to whoever connects')];
    }),
} satisfies EngineCheck;
