// SPDX-License-Identifier: Apache-2.0
import { engineSocket } from '../../places.ts';
import { problem } from '../../verdicts.ts';
import { type ContainerCheck, planned } from './shared/judge.ts';
import { binds } from './shared/mounts.ts';

const mount = (source: string) => ({ destination: '/x', type: 'bind', source, options: ['bind', 'ro'], own: false });

export default {
  id: 'SEC-CONTAINER-0014',
  title: 'No socket of a container engine or of the system manager is mounted',
  severity: 'critical',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.32', 'NIST-800-190:4.4.4'],
  rationale:
    'Through such a socket a program inside starts a container with the root of the host in it. Read-only mounts do not prevent it: connecting is no writing.',
  remediation:
    "Remove the volume. Give what needs to know about containers a proxy that answers only reading requests, such as docker-socket-proxy, on the container's network.",
  references: [
    'https://docs.docker.com/engine/security/#docker-daemon-attack-surface',
    'https://cheatsheetseries.owasp.org/cheatsheets/Docker_Security_Cheat_Sheet.html',
  ],
  examples: [
    { good: { plan: { mounts: [mount('/srv/web')] } }, bad: { plan: { mounts: [mount('/var/run/docker.sock')] } } },
    { good: { plan: { mounts: [mount('/srv/web')] } }, bad: { plan: { mounts: [mount('/run/containerd')] } } },
    {
      good: { plan: { mounts: [mount('/srv/web')] } },
      bad: { plan: { mounts: [mount('/srv/../run/user/1000/podman/podman.sock')] } },
    },
    {
      good: { plan: { mounts: [mount('/run/user/1000/wayland-0')] } },
      bad: { plan: { mounts: [mount('/run/user/1000')] } },
    },
    {
      good: { plan: { mounts: [{ ...mount('/srv/engine'), destination: '/srv/engine' }] } },
      bad: { plan: { mounts: [{ ...mount('/srv/engine'), destination: '/var/run/docker.sock' }] } },
    },
  ],
  check: (facts) =>
    planned(facts, (plan) =>
      binds(plan).flatMap(({ source, destination }) => {
        // An engine may listen elsewhere; programs inside look where they expect it.
        const socket = engineSocket(source) ?? (engineSocket(destination) === undefined ? undefined : source);
        if (socket === undefined) return [];
        const message = `${source} of the host, mounted on ${destination}, gives ${socket}: control of the host`;
        return [problem(`${source}:${destination}`, message, { logical: facts.name })];
      }),
    ),
} satisfies ContainerCheck;
