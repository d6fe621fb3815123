// SPDX-License-Identifier: Apache-2.0
import { cgroupMode } from '../../facts/host/mounts.ts';
import { fails, PASS, problem, unknown } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

const mount = (type: string) => [{ point: '/sys/fs/cgroup', type, source: type, options: ['rw'] }];

export default {
  id: 'SEC-HOST-0018',
  title: 'Control groups are of version 2 alone',
  severity: 'low',
  target: 'host',
  frameworks: ['NIST-800-190:4.5.1'],
  rationale:
    'Version 1 has release_agent, a program that the kernel runs as root on the host (CVE-2022-0492), and cannot be delegated to unprivileged users.',
  remediation:
    "Add 'systemd.unified_cgroup_hierarchy=1 cgroup_no_v1=all' to the kernel's command line (GRUB_CMDLINE_LINUX in /etc/default/grub, 'update-grub') and restart.",
  references: [
    'https://docs.kernel.org/admin-guide/cgroup-v2.html',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2022-0492',
  ],
  examples: [{ good: { mounts: mount('cgroup2') }, bad: { mounts: [...mount('cgroup2'), ...mount('cgroup')] } }],
  check({ mounts }) {
    if (mounts === undefined) return unknown('no /proc of the running system is in this file tree');
    const mode = cgroupMode(mounts);
    if (mode === 'v2') return PASS;
    const found = {
      none: 'no control groups are mounted',
      v1: 'control groups are of version 1',
      hybrid: 'control groups are of both versions',
    };
    return fails(problem('cgroup', found[mode], { logical: '/sys/fs/cgroup', path: 'sys/fs/cgroup' }));
  },
} satisfies HostCheck;
