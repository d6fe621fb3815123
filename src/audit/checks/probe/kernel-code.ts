// SPDX-License-Identifier: Apache-2.0
import { ALLOWED, conclude, type ProbeCheck, tried } from './shared/judge.ts';

const WHAT = {
  'init-module': 'init_module(2) is permitted',
  'kexec-load': 'kexec_load(2) is permitted',
  'bpf-kprobe': 'a program for kprobes was loaded',
};

export default {
  id: 'SEC-PROBE-0008',
  title: 'No code can be loaded into the kernel',
  severity: 'critical',
  target: 'probe',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'A module, another kernel or a tracing program runs with all rights of the machine: there is no container for it.',
  remediation: "Remove CAP_SYS_MODULE, CAP_SYS_BOOT, CAP_BPF and CAP_SYS_ADMIN ('--cap-add', '--privileged').",
  references: [
    'https://man7.org/linux/man-pages/man2/init_module.2.html',
    'https://man7.org/linux/man-pages/man2/kexec_load.2.html',
    'https://man7.org/linux/man-pages/man2/bpf.2.html',
  ],
  examples: [
    { good: {}, bad: { attempts: { 'init-module': ALLOWED } } },
    { good: {}, bad: { attempts: { 'bpf-kprobe': ALLOWED } } },
  ],
  check: (facts) => conclude(tried(facts, WHAT)),
} satisfies ProbeCheck;
