// SPDX-License-Identifier: Apache-2.0
import { type ComposeCheck, SERVICES, service, wrongs } from './shared/check.ts';

const MODES = {
  network_mode: 'networkMode',
  pid: 'pid',
  ipc: 'ipc',
  uts: 'uts',
  cgroup: 'cgroup',
  userns_mode: 'userns',
} as const;

export default {
  id: 'SEC-COMPOSE-0003',
  title: 'A service shares no namespace with the host',
  severity: 'high',
  target: 'compose',
  frameworks: [
    'CIS-Docker-1.6:5.10',
    'CIS-Docker-1.6:5.16',
    'CIS-Docker-1.6:5.17',
    'CIS-Docker-1.6:5.21',
    'CIS-Docker-1.6:5.31',
    'PSS-Baseline:hostNamespaces',
    'NIST-800-190:4.4.2',
  ],
  rationale:
    'In the network of the host a program reaches everything that listens on loopback; among its processes it sees and signals them and reads their environment; without a user namespace root is root.',
  remediation:
    'Remove `network_mode: host`, `pid: host`, `ipc: host`, `uts: host`, `cgroup: host` and `userns_mode: host`.',
  references: [`${SERVICES}#network_mode`],
  examples: [
    { good: service('network_mode: ""'), bad: service('network_mode: host') },
    { good: service('pid: ""'), bad: service('pid: host') },
    { good: service('ipc: ""'), bad: service('ipc: host') },
    { good: service('uts: ""'), bad: service('uts: host') },
    { good: service('userns_mode: ""'), bad: service('userns_mode: host') },
    { good: service('cgroup: ""'), bad: service('cgroup: host') },
  ],
  check: (facts) =>
    wrongs(
      facts,
      Object.entries(MODES).flatMap(([key, name]) =>
        facts[name] === 'host' ? [[`/${key}`, `${key} is host: it is in that namespace of the host`] as const] : [],
      ),
    ),
} satisfies ComposeCheck;
