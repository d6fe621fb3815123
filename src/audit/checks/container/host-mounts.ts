// SPDX-License-Identifier: Apache-2.0
import { problem } from '../../verdicts.ts';
import { type ContainerCheck, planned } from './shared/judge.ts';
import { binds, hostPath, isBelow } from './shared/mounts.ts';

/** With everything below them. */
const TREES = [
  '/boot',
  '/dev',
  '/etc',
  '/proc',
  '/sys',
  '/bin',
  '/sbin',
  '/lib',
  '/lib64',
  '/usr',
  '/root',
  '/var/lib/docker',
  '/var/lib/containerd',
  '/var/lib/containers',
  '/var/lib/kubelet',
  '/var/lib/secure',
  '/var/spool/cron',
];
/** As a whole only: what is below may be harmless. */
const WHOLE = ['/', '/run', '/var', '/var/lib', '/home', '/opt', '/srv', '/tmp', '/var/tmp', '/mnt'];
/** Read alone by every program for the time of day, and telling nothing. */
const HARMLESS = new Set(['/etc/localtime', '/etc/timezone', '/usr/share/zoneinfo']);

function sensitive(path: string): string | undefined {
  if (HARMLESS.has(path)) return undefined;
  return WHOLE.find((directory) => directory === path) ?? TREES.find((directory) => isBelow(path, directory));
}

const mount = (source: string) => ({ destination: '/x', type: 'bind', source, options: ['bind', 'ro'], own: false });

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
  ],
  check: (facts) =>
    planned(facts, (plan) =>
      binds(plan).flatMap(({ source, destination, options }) => {
        const directory = sensitive(hostPath(source));
        if (directory === undefined) return [];
        const access = options.includes('ro') || options.includes('rro') ? 'readable' : 'writable';
        const message = `${source} of the host is ${access} on ${destination}: ${directory === '/' ? 'the whole host' : directory} belongs to the host`;
        return [problem(`${source}:${destination}`, message, { logical: facts.name })];
      }),
    ),
} satisfies ContainerCheck;
