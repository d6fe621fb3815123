// SPDX-License-Identifier: Apache-2.0
import { MASKED_PATHS, READ_ONLY_PATHS } from '../../facts/container/engines.ts';
import { about, conclude, type ProbeCheck, seen } from './shared/judge.ts';

/** What engines hide and lock, and what has been added to that since. */
const HIDDEN: readonly string[] = [
  ...MASKED_PATHS,
  '/proc/latency_stats',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
];
const READ_ONLY: readonly string[] = [
  ...READ_ONLY_PATHS,
  '/proc/acpi',
  '/sys/module',
  '/sys/power/state',
  '/sys/kernel/debug',
  '/sys/kernel/tracing',
];

export default {
  id: 'SEC-PROBE-0013',
  title: 'Interfaces of the kernel are hidden or read-only',
  severity: 'medium',
  target: 'probe',
  frameworks: ['PSS-Baseline:procMount', 'NIST-800-190:4.4.3'],
  rationale:
    'Timers, keys, ACPI and firmware tell about the machine and its other containers; /proc/sys, /proc/bus and /proc/irq change it for everybody.',
  remediation: "Remove '--privileged', 'systempaths=unconfined' and '--security-opt unmask'.",
  references: ['https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#masked-paths'],
  examples: [
    {
      good: { paths: [{ path: '/proc/kcore', masked: true, read: true, write: false }] },
      bad: { paths: [{ path: '/proc/kcore', masked: false, read: true, write: false }] },
    },
    {
      good: { paths: [{ path: '/proc/sys', masked: false, read: true, write: false }] },
      bad: { paths: [{ path: '/proc/sys', masked: false, read: true, write: true }] },
    },
  ],
  check: (facts) =>
    conclude(
      seen(facts, 'paths', (paths) =>
        paths.flatMap(({ path, masked, read, write }) => {
          if (masked) return [];
          if (HIDDEN.includes(path) && read) return [about(facts, path, `${path} is not hidden`)];
          return write && (HIDDEN.includes(path) || READ_ONLY.includes(path))
            ? [about(facts, path, `${path} is not read-only`)]
            : [];
        }),
      ),
    ),
} satisfies ProbeCheck;
