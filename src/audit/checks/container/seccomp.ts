// SPDX-License-Identifier: Apache-2.0
import { type ContainerCheck, judge, STOPPED } from './shared/judge.ts';

export default {
  id: 'SEC-CONTAINER-0006',
  title: 'System calls are filtered',
  severity: 'high',
  target: 'container',
  frameworks: ['CIS-Docker-1.6:5.22', 'PSS-Restricted:seccompProfile', 'NIST-800-190:4.4.3'],
  rationale:
    'A container needs a part of the 360 system calls; bugs in the rest (fsconfig, io_uring, userfaultfd, bpf) are how programs inside take over the kernel. A filter that allows by default stops only what somebody thought of.',
  remediation:
    "Remove '--security-opt seccomp=unconfined', or give a profile whose default action is an error, then make the container again.",
  references: [
    'https://docs.kernel.org/userspace-api/seccomp_filter.html',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2022-0185',
  ],
  examples: [
    {
      good: { proof: { seccomp: { actual: 'filter mode, 1 filter(s)' } } },
      bad: { proof: { seccomp: { actual: 'no filter' } } },
    },
    {
      good: { plan: { seccomp: { defaultAction: 'SCMP_ACT_ERRNO' } } },
      bad: { plan: { seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } } },
    },
    { good: STOPPED, bad: { ...STOPPED, plan: { seccomp: null } } },
  ],
  check(facts) {
    // What the filter does is in the plan alone: the kernel says that there is one.
    const action = facts.plan?.seccomp?.defaultAction;
    const open = action === 'SCMP_ACT_ALLOW' || action === 'SCMP_ACT_LOG' || action === 'SCMP_ACT_TRACE';
    const lenient = open ? `its filter allows every system call that it does not name (${action})` : null;
    return judge(facts, {
      control: 'seccomp',
      plan: ({ seccomp }) => (seccomp === null ? 'it has no seccomp filter' : lenient),
      kernel: ({ actual }) => (actual.startsWith('filter mode') ? lenient : 'no seccomp filter is on its process'),
    });
  },
} satisfies ContainerCheck;
