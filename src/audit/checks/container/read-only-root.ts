// SPDX-License-Identifier: Apache-2.0
import { type ContainerCheck, judge, STOPPED } from './shared/judge.ts';

export default {
  id: 'SEC-CONTAINER-0007',
  title: 'The root file system is read-only',
  severity: 'medium',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.13', 'NIST-800-190:4.4.4'],
  rationale:
    'Whoever takes over a program in a writable root changes its code and configuration, and brings his own tools.',
  remediation:
    "Run it with '--read-only' and '--tmpfs PATH' or a volume for each path that it writes, or with '--profile default'.",
  references: ['https://github.com/opencontainers/runtime-spec/blob/main/config.md#root'],
  examples: [
    { good: { proof: { rootfs: { inForce: true } } }, bad: { proof: { rootfs: { inForce: false } } } },
    { good: { ...STOPPED, plan: { readOnlyRoot: true } }, bad: { ...STOPPED, plan: { readOnlyRoot: false } } },
  ],
  check: (facts) =>
    judge(facts, {
      control: 'rootfs',
      plan: ({ readOnlyRoot }) => (readOnlyRoot ? null : 'its root file system is writable'),
      kernel: ({ inForce }) =>
        inForce === null ? undefined : inForce ? null : 'the kernel has its root file system mounted writable',
    }),
} satisfies ContainerCheck;
