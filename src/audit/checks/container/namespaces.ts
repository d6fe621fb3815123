// SPDX-License-Identifier: Apache-2.0
import type { ContainerFacts } from '../../facts/container.ts';
import { unknown, verdict } from '../../verdicts.ts';
import { about, type ContainerCheck, needsProof, planned, STOPPED } from './shared/judge.ts';

/** Names in the plan, and in /proc/PID/ns. The user namespace is SEC-CONTAINER-0004's. */
const KINDS: readonly (readonly [plan: string, kernel: string])[] = [
  ['pid', 'pid'],
  ['mount', 'mnt'],
  ['network', 'net'],
  ['ipc', 'ipc'],
  ['uts', 'uts'],
  ['cgroup', 'cgroup'],
];

/** What the kernel says of each kind: `own: pid:[1] …; shared with the host: net:[2]`. */
function kernelSays(actual: string, kind: string): 'own' | 'shared' | undefined {
  const [own = '', shared = ''] = actual.split('; shared with the host:');
  const named = new RegExp(`\\b${kind}:\\[`);
  return named.test(own) ? 'own' : named.test(shared) ? 'shared' : undefined;
}

const problemOf = (facts: ContainerFacts, name: string, text: string) =>
  about(facts, name, `its ${name} namespace ${text}`);

export default {
  id: 'SEC-CONTAINER-0012',
  title: 'No namespace is shared with the host or another container',
  severity: 'high',
  target: 'container',
  frameworks: [
    'CIS-Docker-1.6:5.10',
    'CIS-Docker-1.6:5.16',
    'CIS-Docker-1.6:5.17',
    'CIS-Docker-1.6:5.21',
    'PSS-Baseline:hostNamespaces',
  ],
  rationale:
    "In the host's namespaces a program sees and signals the host's processes, uses its network and abstract sockets (CVE-2020-15257), or reads its shared memory.",
  remediation:
    "Make the container again without '--pid', '--ipc', '--network', '--uts', '--userns' or '--cgroupns' naming 'host' or another container. No profile of ours joins one, so of ours only a bundle can.",
  references: [
    'https://man7.org/linux/man-pages/man7/namespaces.7.html',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2020-15257',
  ],
  examples: [
    {
      good: {
        proof: {
          namespaces: {
            actual: `own: ${KINDS.map(([, kind]) => `${kind}:[1]`).join(' ')}; shared with the host: time:[2]`,
          },
        },
      },
      bad: {
        proof: {
          namespaces: { actual: 'own: mnt:[1] pid:[1] ipc:[1] uts:[1] cgroup:[1]; shared with the host: net:[2]' },
        },
      },
    },
    {
      good: { ...STOPPED, plan: { namespaces: { pid: '' } } },
      bad: { ...STOPPED, plan: { namespaces: { pid: undefined } } },
    },
    {
      good: { ...STOPPED, plan: { namespaces: { network: '' } } },
      bad: { ...STOPPED, plan: { namespaces: { network: '/proc/1/ns/net' } } },
    },
  ],
  check: (facts) =>
    planned(facts, ({ namespaces }) => {
      const actual = facts.running ? facts.proof?.namespaces?.actual : undefined;
      const problems = KINDS.flatMap(([name, kind]) => {
        const said = actual === undefined ? undefined : kernelSays(actual, kind);
        if (said === 'shared') return [problemOf(facts, name, 'is that of the host, the kernel says')];
        const path = namespaces[name];
        if (path !== undefined && path !== '') return [problemOf(facts, name, `is that of ${path}`)];
        return path === undefined && said !== 'own' ? [problemOf(facts, name, 'is that of the host')] : [];
      });
      if (problems.length > 0 || !needsProof(facts) || actual !== undefined) return verdict(problems);
      return unknown('the kernel was not asked about namespaces: the plan asks for its own, nothing proves it');
    }),
} satisfies ContainerCheck;
