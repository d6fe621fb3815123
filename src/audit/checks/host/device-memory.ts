// SPDX-License-Identifier: Apache-2.0

import { problem, unknown, verdict } from '../../verdicts.ts';
import { isOff, isOn, parameters } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

const COMMAND_LINE = { logical: '/proc/cmdline', path: 'proc/cmdline' };
const PASSTHROUGH = 'IOMMU_DEFAULT_PASSTHROUGH';
const start = (commandLine: readonly string[], built?: string) => ({
  kernel: { commandLine, config: { [PASSTHROUGH]: built } },
});
const has =
  (word: string) =>
  (value: string): boolean =>
    value.split(',').includes(word);

/** Parameters with which a device reaches memory past its tables. */
const WRONG: Readonly<Record<string, (value: string) => boolean>> = {
  'iommu.passthrough': isOn,
  iommu: has('pt'),
  intel_iommu: has('off'),
  amd_iommu: has('off'),
  'arm_smmu.disable_bypass': isOff,
};

export default {
  id: 'SEC-HOST-0089',
  title: 'Devices reach only memory that was given to them',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'A graphics or network card that a container drives, or whose firmware it replaces, writes wherever it is told to, the kernel included, unless the IOMMU stands between.',
  remediation:
    'Remove the parameter that is named from GRUB_CMDLINE_LINUX in /etc/default/grub, or add iommu.passthrough=0 where the kernel was built to let devices through; run update-grub, and start again. Where a network card gets too slow by it, waive this.',
  references: ['https://docs.kernel.org/admin-guide/kernel-parameters.html'],
  examples: [
    { good: start(['iommu.passthrough=0']), bad: start(['iommu.passthrough=1']) },
    { good: start(['iommu=force']), bad: start(['iommu=pt']) },
    { good: start(['intel_iommu=on,sm_on']), bad: start(['intel_iommu=off']) },
    { good: start(['amd_iommu=force_isolation']), bad: start(['amd_iommu=off']) },
    { good: start([]), bad: start([], 'y') },
    { good: start(['iommu.passthrough=0'], 'y'), bad: start(['quiet'], 'y') },
  ],
  check({ kernel: { commandLine, config } }) {
    if (commandLine === undefined) return unknown('no command line of the kernel is in this file tree');
    const said = parameters(commandLine);
    const problems = [...said].flatMap(([name, value]) =>
      Object.hasOwn(WRONG, name) && WRONG[name]?.(value) === true
        ? [problem(name, `${name}=${value} on the kernel's command line: devices reach all memory`, COMMAND_LINE)]
        : [],
    );
    const decided = isOff(said.get('iommu.passthrough') ?? '') || has('nopt')(said.get('iommu') ?? '');
    if (problems.length > 0 || decided) return verdict(problems);
    if (config === undefined) return unknown('how the kernel was built cannot be read, and nothing else says it');
    if (config[PASSTHROUGH] !== 'y') return verdict([]);
    const why = `CONFIG_${PASSTHROUGH} is set, and iommu.passthrough=0 is not on the command line`;
    return verdict([problem(PASSTHROUGH, why, { logical: 'kernel configuration', path: 'boot/config' })]);
  },
} satisfies HostCheck;
