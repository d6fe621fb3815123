// SPDX-License-Identifier: Apache-2.0
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = {
  'write-core-pattern': '/proc/sys/kernel/core_pattern could be opened for writing',
  'write-modprobe': '/proc/sys/kernel/modprobe could be opened for writing',
  'write-binfmt': '/proc/sys/fs/binfmt_misc/register could be opened for writing',
  'write-uevent-helper': '/sys/kernel/uevent_helper could be opened for writing',
  'write-sysrq-trigger': '/proc/sysrq-trigger could be opened for writing',
  'write-release-agent': 'a release_agent could be opened for writing',
};

export default {
  id: 'SEC-PROBE-0011',
  title: 'Files that start programs on the host cannot be written',
  severity: 'critical',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'The kernel executes what these files name, as root of the host: core_pattern at a crash (CVE-2022-0811), modprobe, uevent_helper, release_agent when a group is empty (CVE-2022-0492), an interpreter at a program; sysrq-trigger restarts the machine.',
  remediation:
    "Have /proc/sys and /sys mounted read-only, as every engine does without '--privileged' and 'systempaths=unconfined', and use a cgroup namespace.",
  references: [
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2022-0811',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2022-0492',
  ],
  examples: [
    { good: {}, bad: { attempts: { 'write-core-pattern': ALLOWED } } },
    { good: {}, bad: { attempts: { 'write-release-agent': ALLOWED } } },
  ],
  check: (facts) => conclude(tried(facts, WHAT)),
} satisfies ProbeCheck;
