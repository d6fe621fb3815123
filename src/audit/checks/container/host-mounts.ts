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
/** When they are only read: the time of day, names and certificates that everybody may know. */
const PUBLIC = [
  '/etc/localtime',
  '/etc/timezone',
  '/usr/share/zoneinfo',
  '/etc/hosts',
  '/etc/resolv.conf',
  '/etc/ssl/certs',
  '/etc/pki/ca-trust/extracted',
  '/usr/share/ca-certificates',
];
/** Where a user's keys are. */
const KEYS = /^\/home\/[^/]+\/\.(?:ssh|gnupg|aws|azure|docker|kube|config\/gcloud)(?:\/|$)/;

function sensitive(path: string, readOnly: boolean): string | undefined {
  if (readOnly && PUBLIC.some((directory) => isBelow(path, directory))) return undefined;
  const found = WHOLE.find((directory) => directory === path) ?? TREES.find((directory) => isBelow(path, directory));
  return found ?? (KEYS.test(path) ? path : undefined);
}

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
        const directory = sensitive(hostPath(source), readOnly);
        if (directory === undefined) return [];
        const message = `${source} of the host is ${readOnly ? 'readable' : 'writable'} on ${destination}: ${directory === '/' ? 'the whole host' : directory} belongs to the host`;
        return [problem(`${source}:${destination}`, message, { logical: facts.name })];
      }),
    ),
} satisfies ContainerCheck;
