// SPDX-License-Identifier: Apache-2.0

import type { Sysctl } from '../../facts/host/sysctls.ts';
import type { HostFacts } from '../../facts/host.ts';
import { notApplicable, problem, quoted, unknown, verdict } from '../../verdicts.ts';
import { type HostCheck, setting, sysctlLocation } from './shared/sysctl.ts';

/** By setting: the option that says the most that this processor can have. */
const MOST = {
  'vm.mmap_rnd_bits': 'ARCH_MMAP_RND_BITS_MAX',
  'vm.mmap_rnd_compat_bits': 'ARCH_MMAP_RND_COMPAT_BITS_MAX',
} as const satisfies { readonly [N in Sysctl]?: string };
type Name = keyof typeof MOST;
const NAMES = Object.keys(MOST) as Name[];
const number = (text: string | null | undefined): number | undefined =>
  /^\d{1,3}$/.test(text ?? '') ? Number(text) : undefined;
const most = ({ kernel }: HostFacts, name: Name): number | undefined => number(kernel.config?.[MOST[name]]);

export default {
  id: 'SEC-HOST-0085',
  title: 'Addresses of programs are as random as the processor allows',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:1.5.3', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'What the kernel takes by itself was chosen for small machines: with 28 bits a service that starts again after each crash is guessed through in hours, with 32 it takes sixteen times as long.',
  remediation:
    "Run 'sysctl -w NAME=BITS' with the number that is named and put it into /etc/sysctl.d/60-containers.conf.",
  references: ['https://docs.kernel.org/admin-guide/sysctl/vm.html#mmap-rnd-bits'],
  examples: [
    { good: setting('vm.mmap_rnd_bits', '32'), bad: setting('vm.mmap_rnd_bits', '28') },
    { good: setting('vm.mmap_rnd_compat_bits', '16'), bad: setting('vm.mmap_rnd_compat_bits', '8') },
  ],
  check(facts) {
    const { config, release, sysctls } = facts.kernel;
    if (sysctls === undefined) return unknown('no /proc/sys of the kernel is in this file tree');
    if (config === undefined)
      return unknown(
        `the most that is possible stands in the kernel's configuration, which cannot be read (/boot/config-${release ?? 'RELEASE'})`,
      );
    const asked = NAMES.filter((name) => sysctls[name] !== null && most(facts, name) !== undefined);
    const unseen = asked.filter((name) => sysctls[name] === undefined);
    const problems = asked.flatMap((name) => {
      const [value, want] = [sysctls[name], most(facts, name) ?? 0];
      if (value === undefined || (number(value) ?? 0) >= want) return [];
      return [problem(name, `${name} is ${quoted(value)}: it can be ${want}`, sysctlLocation(name))];
    });
    if (problems.length > 0 && unseen.length > 0) return { status: 'fail', problems, unseen };
    if (unseen[0] !== undefined) return unknown(`${unseen[0]} cannot be read: audit as root`);
    return asked.length === 0 ? notApplicable('this kernel has no such setting') : verdict(problems);
  },
  fix: {
    does: 'Sets `vm.mmap_rnd_bits` and `vm.mmap_rnd_compat_bits` to the most that the kernel was built for, in a file of /etc/sysctl.d and in the kernel.',
    risk: 'programs that were built with sanitizers older than LLVM 18 or GCC 14 do not start',
    edits(facts, { key }) {
      const value = most(facts, key as Name);
      return value === undefined ? [] : [{ kind: 'sysctl', name: key as Name, value: String(value) }];
    },
  },
} satisfies HostCheck;
