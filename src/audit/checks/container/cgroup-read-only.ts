// SPDX-License-Identifier: Apache-2.0
import { PASS, quoted, unknown } from '../../verdicts.ts';
import { about, type ContainerCheck, needsProof, planned, STOPPED } from './shared/judge.ts';

const isCgroup = ({ type, destination }: { type: string; destination: string }): boolean =>
  type === 'cgroup' || type === 'cgroup2' || destination === '/sys/fs/cgroup';
const mount = (access: string) => ({
  destination: '/sys/fs/cgroup',
  type: 'cgroup',
  source: 'cgroup',
  options: ['nosuid', access],
  own: false,
});

export default {
  id: 'SEC-CONTAINER-0024',
  title: 'Its control groups are read-only',
  severity: 'high',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.25', 'NIST-800-190:4.4.3'],
  rationale:
    'Who writes control groups raises his own limits, and on version 1 names a release_agent that the kernel runs as root on the host (CVE-2022-0492, CVE-2023-25809).',
  remediation:
    "Make the container again without a volume of /sys/fs/cgroup and with '--cgroupns private'; of ours by 'run.cgroup: private' in the policy, as every built-in profile has it.",
  references: [
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2022-0492',
    'https://github.com/opencontainers/runc/security/advisories/GHSA-m8cg-xc2p-r3fc',
  ],
  examples: [
    { good: { plan: { mounts: [mount('ro')] } }, bad: { plan: { mounts: [mount('rw')] } } },
    {
      good: { proof: { mounts: { actual: '/tmp lacks nosuid' } } },
      bad: { proof: { mounts: { actual: '/sys/fs/cgroup lacks ro' } } },
    },
    { good: { ...STOPPED, plan: { mounts: [] } }, bad: { ...STOPPED, plan: { mounts: [mount('rw')] } } },
  ],
  check: (facts) =>
    planned(facts, ({ mounts }) => {
      const writable = mounts.filter(
        (one) => isCgroup(one) && !one.options.includes('ro') && !one.options.includes('rro'),
      );
      if (writable.length > 0)
        return writable.map(({ destination }) => about(facts, destination, `${destination} is planned writable`));
      if (!needsProof(facts)) return PASS;
      const proven = facts.proof?.mounts;
      if (proven?.inForce == null) return unknown('the mounts of its process could not be read');
      return /\/sys\/fs\/cgroup\S* lacks \S*\bro\b/.test(proven.actual)
        ? [about(facts, '/sys/fs/cgroup', `the kernel does not have it read-only as planned: ${quoted(proven.actual)}`)]
        : PASS;
    }),
} satisfies ContainerCheck;
