// SPDX-License-Identifier: Apache-2.0
import { notApplicable, problem, quoted, unknown, verdict } from '../../verdicts.ts';
import { fileLocation } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

const POLICY = '/etc/containers/policy.json';

export default {
  id: 'SEC-HOST-0052',
  title: 'Engines take only images that are signed',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:4.5', 'NIST-800-190:4.1.5'],
  rationale:
    'A tag of a registry is whatever its last writer put there. Only a signature that is asked for tells the image of its maker from that of who took over the account.',
  remediation:
    'docker: a line \'DOCKER_CONTENT_TRUST=1\' in /etc/environment. podman: {"default": [{"type": "reject"}]} and an entry for each registry with its key in /etc/containers/policy.json.',
  references: [
    'https://docs.docker.com/engine/security/trust/',
    'https://github.com/containers/image/blob/main/docs/containers-policy.json.5.md',
  ],
  examples: [
    { good: { trust: { docker: '1' } }, bad: { trust: { docker: '0' } } },
    { good: { trust: { docker: '1' } }, bad: { trust: { docker: null } } },
    { good: { trust: { podman: 'reject' } }, bad: { trust: { podman: 'insecureAcceptAnything' } } },
  ],
  check({ docker, trust, rootless: { users } }) {
    const found = [
      ...(docker.program === null || trust.docker === '1'
        ? []
        : [
            problem(
              'docker',
              trust.docker === null
                ? 'DOCKER_CONTENT_TRUST is set for nobody'
                : `DOCKER_CONTENT_TRUST is ${quoted(trust.docker)}`,
              fileLocation('/etc/environment'),
            ),
          ]),
      ...(trust.podman === 'insecureAcceptAnything'
        ? [problem('podman', `${POLICY} takes every image, signed or not`, fileLocation(POLICY))]
        : []),
      ...users
        .filter((user) => user.trust.podman === 'insecureAcceptAnything')
        .map(({ name, home }) => {
          const path = `${home}/.config/containers/policy.json`;
          return problem(`podman ~${name}`, `${path} takes every image, signed or not`, fileLocation(path));
        }),
    ];
    const why = [trust, ...users.map((user) => user.trust)].find((one) => one.problem !== null)?.problem;
    if (why != null) return unknown(why);
    return docker.program === null && trust.podman === null
      ? notApplicable('neither docker nor podman is set up')
      : verdict(found);
  },
} satisfies HostCheck;
