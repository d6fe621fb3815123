// SPDX-License-Identifier: Apache-2.0
import type { ProbeDevice } from '../../facts/probe/types.ts';
import { ALLOWED, about, conclude, type ProbeCheck, seen, tried } from './shared/judge.ts';

/** null, zero, full, random, urandom; tty, console, ptmx; terminals of its own (runtime-spec, default devices). */
const COMMON: ReadonlySet<string> = new Set(['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:1', '5:2']);
const isCommon = ({ type, major, minor }: ProbeDevice): boolean =>
  type === 'c' && (COMMON.has(`${major}:${minor}`) || (major >= 136 && major <= 143));
const ways = ({ read, write }: ProbeDevice): string => (read ? (write ? 'read and written' : 'read') : 'written');

export default {
  id: 'SEC-PROBE-0014',
  title: 'No device of the host can be used',
  severity: 'high',
  target: 'probe',
  frameworks: ['CIS-Docker-1.6:5.18', 'NIST-800-190:4.4.3'],
  rationale:
    'A disk is every file of the host without its permissions, /dev/mem its memory; other devices are large pieces of the kernel.',
  remediation: "Remove '--privileged' and '--device', and CAP_MKNOD where no device rules hold it back.",
  references: ['https://docs.kernel.org/admin-guide/cgroup-v1/devices.html'],
  examples: [
    {
      good: { devices: { nodes: [{ path: '/dev/sda', type: 'b', major: 8, minor: 0, read: false, write: false }] } },
      bad: { devices: { nodes: [{ path: '/dev/sda', type: 'b', major: 8, minor: 0, read: true, write: false }] } },
    },
    { good: {}, bad: { attempts: { 'make-device': ALLOWED } } },
  ],
  check: (facts) =>
    conclude(
      seen(facts, 'devices', ({ nodes, complete }) => {
        const problems = nodes
          .filter((node) => (node.read || node.write) && !isCommon(node))
          .map((node) =>
            about(facts, node.path, `${node.path} (${node.type} ${node.major}:${node.minor}) can be ${ways(node)}`),
          );
        return problems.length === 0 && !complete ? 'there are more devices than the probe looked at' : problems;
      }),
      tried(facts, { 'make-device': 'a node of a device of the machine could be made and used' }),
    ),
} satisfies ProbeCheck;
