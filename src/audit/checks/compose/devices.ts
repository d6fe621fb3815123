// SPDX-License-Identifier: Apache-2.0
import { quoted } from '../../verdicts.ts';
import { type ComposeCheck, SERVICES, service, wrongs } from './shared/check.ts';

export default {
  id: 'SEC-COMPOSE-0021',
  title: 'No device of the host is given away',
  severity: 'high',
  target: 'compose',
  frameworks: ['CIS-Docker-1.6:5.18', 'NIST-800-190:4.4.3'],
  rationale:
    'A disk is every file on it, /dev/mem the memory of the kernel, /dev/kvm and /dev/fuse code of the kernel that others cannot reach.',
  remediation: 'Remove `devices` and `device_cgroup_rules`, or keep to the one device that the program is for.',
  references: [`${SERVICES}#devices`],
  examples: [
    { good: service('devices: []'), bad: service('devices: [/dev/sda]') },
    { good: service('device_cgroup_rules: []'), bad: service('device_cgroup_rules: ["b 8:* rmw"]') },
  ],
  check: (facts) =>
    wrongs(facts, [
      ...facts.devices.map(
        ({ source, permissions }) =>
          ['/devices', `it gets ${source} of the host (${permissions})`, `/devices/${source}`] as const,
      ),
      ...facts.deviceCgroupRules.map(
        (rule) =>
          [
            '/device_cgroup_rules',
            `it gets devices of the host: ${quoted(rule)}`,
            `/device_cgroup_rules/${rule}`,
          ] as const,
      ),
    ]),
} satisfies ComposeCheck;
