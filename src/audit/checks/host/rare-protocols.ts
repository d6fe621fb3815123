// SPDX-License-Identifier: Apache-2.0
import { notApplicable, problem, unknown, verdict } from '../../verdicts.ts';
import { parameters } from './shared/kernel.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** Modules by the option that builds them. SCTP is left out: containers of telephony need it. */
const MODULES = { dccp: 'IP_DCCP', rds: 'RDS', tipc: 'TIPC' } as const;

const built = (value: string | undefined) => ({ IP_DCCP: value, RDS: undefined, TIPC: undefined });

export default {
  id: 'SEC-HOST-0078',
  title: 'Protocols that nobody uses are not loaded on demand',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:3.4', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'A program in a container asks for a socket of such a protocol, and the kernel loads the module, which nobody has looked at for years: CVE-2017-6074 (dccp), CVE-2010-3904 (rds) and CVE-2021-43267 (tipc) were found in them.',
  remediation:
    "Write 'install NAME /bin/false' for each that is named into /etc/modprobe.d/unused.conf, and run 'modprobe -r NAME'.",
  references: [
    'https://man7.org/linux/man-pages/man5/modprobe.d.5.html',
    'https://nvd.nist.gov/vuln/detail/CVE-2021-43267',
  ],
  examples: [
    {
      good: { kernel: { config: built('m') }, system: { barredModules: ['dccp'] } },
      bad: { kernel: { config: built('m') }, system: { barredModules: [] } },
    },
    {
      good: { kernel: { config: { ...built('m'), TIPC: undefined } } },
      bad: { kernel: { config: { ...built('m'), TIPC: 'y' } } },
    },
  ],
  check({ kernel: { config, commandLine = [] }, system: { barredModules } }) {
    const present = Object.entries(MODULES).filter(
      ([, option]) => config === undefined || config[option] !== undefined,
    );
    if (present.length === 0) return notApplicable('the kernel was built without them');
    const inside = present.filter(([, option]) => config?.[option] === 'y');
    if (barredModules === undefined) return unknown('the configuration of modprobe cannot be read');
    const given = parameters(commandLine);
    const barred = new Set([
      ...barredModules,
      ...['module_blacklist', 'modprobe.blacklist'].flatMap((name) => (given.get(name) ?? '').split(',')),
    ]);
    const open = present.filter(([name]) => !barred.has(name));
    if (config === undefined && open.length > 0 && inside.length === 0)
      return unknown(
        `how the kernel was built cannot be read, and nothing keeps ${open.map(([name]) => name).join(', ')} out`,
      );
    return verdict(
      present
        .filter((one) => inside.includes(one) || open.includes(one))
        .map(([name, option]) =>
          problem(
            name,
            config?.[option] === 'y' ? `${name} is part of this kernel` : `${name} is loaded when anybody asks for it`,
            { logical: name, path: 'etc/modprobe.d' },
          ),
        ),
    );
  },
  fix: {
    does: 'Writes `install NAME /bin/false` into /etc/modprobe.d/60-secure.conf for a module; what is part of the kernel stays.',
    edits: ({ kernel: { config } }, { key }) => {
      const option = MODULES[key as keyof typeof MODULES];
      if (option === undefined || config?.[option] === 'y') return [];
      const risk = 'clusters that speak it among themselves (Oracle by rds, telephony by tipc) do not find each other';
      return [{ kind: 'module', name: key, ...(key === 'dccp' ? {} : { risk }) }];
    },
  },
} satisfies HostCheck;
