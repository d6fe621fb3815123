// SPDX-License-Identifier: Apache-2.0

import { builtWith, config, type Option, set, unset } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

type More = Omit<Option, 'is' | 'on'>;
const x86 = (more: More = {}): Option => set({ on: 'X86_64', ...more });
const arm = (more: More = {}): Option => set({ on: 'ARM64', ...more });
const intel = (since: string, or: readonly string[] = []): Option => x86({ since, or, needs: ['CPU_SUP_INTEL'] });
const amd = (since: string, or: readonly string[] = []): Option => x86({ since, or, needs: ['CPU_SUP_AMD'] });

const ARM: Readonly<Record<string, Option>> = {
  ARM64_PAN: arm(),
  ARM64_EPAN: arm({ since: '5.13' }),
  ARM64_E0PD: arm({ since: '5.6' }),
  ARM64_PTR_AUTH: arm({ since: '5.0' }),
  ARM64_PTR_AUTH_KERNEL: arm({ since: '5.14' }),
  ARM64_BTI: arm({ since: '5.8' }),
  ARM64_MTE: arm({ since: '5.10' }),
  UNMAP_KERNEL_AT_EL0: arm({ since: '4.16' }),
  MITIGATE_SPECTRE_BRANCH_HISTORY: arm({ since: '5.17' }),
  HARDEN_BRANCH_PREDICTOR: arm({ since: '4.16', until: '5.10' }),
  HARDEN_EL2_VECTORS: arm({ since: '4.17', until: '5.9' }),
};

/** What is against flaws of single processors, and what uses the protections that processors have. */
const WANTED: Readonly<Record<string, Option>> = {
  CPU_MITIGATIONS: set({ since: '6.9', or: ['SPECULATION_MITIGATIONS'] }),
  MITIGATION_PAGE_TABLE_ISOLATION: x86({ since: '4.15', or: ['PAGE_TABLE_ISOLATION'] }),
  MITIGATION_RETPOLINE: x86({ since: '4.15', or: ['RETPOLINE'] }),
  MITIGATION_RETHUNK: x86({ since: '5.19', or: ['RETHUNK'] }),
  MITIGATION_SLS: x86({ since: '5.17', or: ['SLS'] }),
  MITIGATION_SPECTRE_V1: x86({ since: '6.12' }),
  MITIGATION_SPECTRE_V2: x86({ since: '6.12' }),
  MITIGATION_SSB: x86({ since: '6.12' }),
  MITIGATION_SPECTRE_BHI: intel('6.9'),
  MITIGATION_RFDS: intel('6.9'),
  MITIGATION_MDS: intel('6.12'),
  MITIGATION_TAA: intel('6.12'),
  MITIGATION_MMIO_STALE_DATA: intel('6.12'),
  MITIGATION_L1TF: intel('6.12'),
  MITIGATION_SRBDS: intel('6.12'),
  MITIGATION_GDS: intel('6.12'),
  MITIGATION_ITS: intel('6.15'),
  MITIGATION_IBRS_ENTRY: intel('5.19', ['CPU_IBRS_ENTRY']),
  MITIGATION_CALL_DEPTH_TRACKING: intel('6.2', ['CALL_DEPTH_TRACKING']),
  MITIGATION_RETBLEED: x86({ since: '6.12' }),
  MITIGATION_UNRET_ENTRY: amd('5.19', ['CPU_UNRET_ENTRY']),
  MITIGATION_IBPB_ENTRY: amd('5.19', ['CPU_IBPB_ENTRY']),
  MITIGATION_SRSO: amd('6.5', ['CPU_SRSO']),
  MITIGATION_TSA: amd('6.16'),
  MITIGATION_VMSCAPE: x86({ since: '6.17', needs: ['KVM'] }),
  MICROCODE: x86(),
  MICROCODE_INTEL: x86({ until: '6.6', needs: ['CPU_SUP_INTEL'] }),
  MICROCODE_AMD: x86({ until: '6.6', needs: ['CPU_SUP_AMD'] }),
  X86_SMAP: x86({ until: '5.19' }),
  X86_UMIP: x86({ since: '4.15', or: ['X86_INTEL_UMIP'] }),
  X86_KERNEL_IBT: x86({ since: '5.18' }),
  X86_USER_SHADOW_STACK: x86({ since: '6.6' }),
  X86_INTEL_TSX_MODE_ON: unset({ on: 'X86_64' }),
  ...ARM,
};

const arm64 = (name: string, value: string | undefined) => ({
  kernel: {
    config: {
      ...{ X86_64: undefined, ARM64: 'y', ...Object.fromEntries(Object.keys(ARM).map((one) => [one, 'y'])) },
      [name]: value,
    },
  },
});

export default {
  id: 'SEC-HOST-0091',
  title: 'The kernel was built against the flaws of processors',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'What was left out when the kernel was built cannot be switched on: a container reads what others, or the kernel, have in their memory, or uses code of the kernel that the processor could have refused.',
  remediation: 'Use a kernel of your distribution, which has them, or set the options and build again.',
  references: ['https://docs.kernel.org/admin-guide/hw-vuln/', 'https://docs.kernel.org/security/self-protection.html'],
  examples: [
    { good: config('MITIGATION_RETPOLINE', 'y'), bad: config('MITIGATION_RETPOLINE', undefined) },
    {
      good: { kernel: { config: { MITIGATION_RETPOLINE: undefined, RETPOLINE: 'y' } } },
      bad: { kernel: { config: { MITIGATION_RETPOLINE: undefined, RETPOLINE: undefined } } },
    },
    { good: config('X86_INTEL_TSX_MODE_ON', undefined), bad: config('X86_INTEL_TSX_MODE_ON', 'y') },
    // A kernel for processors of one maker needs nothing against those of another.
    {
      good: { kernel: { config: { MITIGATION_TSA: undefined, CPU_SUP_AMD: undefined } } },
      bad: { kernel: { config: { MITIGATION_TSA: undefined, CPU_SUP_AMD: 'y' } } },
    },
    {
      good: { kernel: { release: '6.15.9', config: { MITIGATION_TSA: undefined } } },
      bad: { kernel: { release: '6.16.0', config: { MITIGATION_TSA: undefined } } },
    },
    { good: arm64('ARM64_PAN', 'y'), bad: arm64('ARM64_PAN', undefined) },
  ],
  check: (facts) => builtWith(facts, WANTED),
} satisfies HostCheck;
