// SPDX-License-Identifier: Apache-2.0
import { hostDirectory } from '../../places.ts';
import { problem } from '../../verdicts.ts';
import { type ContainerCheck, planned } from './shared/judge.ts';
import { binds } from './shared/mounts.ts';

const mount = (source: string, access = 'ro') => ({
  destination: '/x',
  type: 'bind',
  source,
  options: ['bind', access],
  own: false,
});

export default {
  id: 'SEC-CONTAINER-0015',
  title: 'No directory that the host lives from is mounted',
  severity: 'high',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.6', 'PSS-Baseline:hostPath', 'NIST-800-190:4.4.4'],
  rationale:
    'Mounted /etc gives password hashes and keys, /proc and /sys switches of the kernel, the stores of engines the files of every other container; writable, each of them is the host.',
  remediation:
    "Mount the one file or directory that is needed, from a place made for it such as /srv/NAME, and read-only: '--volume /srv/NAME:/PATH:ro'.",
  references: [
    'https://kubernetes.io/docs/concepts/security/pod-security-standards/',
    'https://csrc.nist.gov/pubs/sp/800/190/final',
  ],
  examples: [
    { good: { plan: { mounts: [mount('/srv/web')] } }, bad: { plan: { mounts: [mount('/etc')] } } },
    { good: { plan: { mounts: [mount('/srv/web')] } }, bad: { plan: { mounts: [mount('/')] } } },
    { good: { plan: { mounts: [mount('/etc/localtime')] } }, bad: { plan: { mounts: [mount('/etc/ssl/private/')] } } },
    {
      good: { plan: { mounts: [mount('/usr/share/zoneinfo/Etc/UTC')] } },
      bad: { plan: { mounts: [mount('/usr/share/zoneinfo/Etc/UTC', 'rw')] } },
    },
    { good: { plan: { mounts: [mount('/etc/ssl/certs')] } }, bad: { plan: { mounts: [mount('/etc/ssl')] } } },
    {
      good: { plan: { mounts: [mount('/home/ann/site')] } },
      bad: { plan: { mounts: [mount('/home/ann/.ssh/config')] } },
    },
  ],
  check: (facts) =>
    planned(facts, (plan) =>
      binds(plan).flatMap(({ source, destination, options }) => {
        const readOnly = options.includes('ro') || options.includes('rro');
        const directory = hostDirectory(source, readOnly);
        if (directory === undefined) return [];
        const message = `${source} of the host is ${readOnly ? 'readable' : 'writable'} on ${destination}: ${directory === '/' ? 'the whole host' : directory} belongs to the host`;
        return [problem(`${source}:${destination}`, message, { logical: facts.name })];
      }),
    ),
} satisfies ContainerCheck;
