// SPDX-License-Identifier: Apache-2.0
import { RESTART_REQUIRED } from '../../facts/host/files.ts';
import { fails, PASS, problem, unknown } from '../../verdicts.ts';
import { fileLocation, files } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

const SIGN = '/run/reboot-required';
const { compare } = new Intl.Collator('en', { numeric: true });
/** `amd64` of `6.1.0-30-amd64`: kernels of another kind are not newer ones of this. */
const kind = (release: string): string => /[A-Za-z]\w*$/.exec(release)?.[0] ?? '';
const kernels = (...installed: readonly string[]) => ({ kernel: { release: '6.1.0-30-amd64', installed } });

export default {
  id: 'SEC-HOST-0115',
  title: 'Updates of the kernel are in use',
  severity: 'medium',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:1.8', 'CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.3'],
  rationale:
    'An update of the kernel closes a hole from the next start on: until then every container stands before the old one, and lists of packages say that all is well.',
  remediation:
    "Move the containers away and run 'systemctl reboot'; /run/reboot-required.pkgs of Debian says what else was replaced. Live patches of the kernel spare the start for some.",
  references: ['https://manpages.debian.org/stable/needrestart/needrestart.1.en.html'],
  examples: [
    {
      good: { files: { [SIGN]: null } },
      bad: { files: { [SIGN]: { type: 'file', mode: 0o644, uid: 0, gid: 0 } } },
    },
    { good: kernels('6.1.0-9-amd64', '6.1.0-30-amd64'), bad: kernels('6.1.0-31-amd64', '6.1.0-30-amd64') },
    {
      good: kernels('6.1.0-30-amd64', '6.12.0-1-cloud'),
      bad: kernels('6.1.0-30-amd64', '6.12.0-1-amd64'),
    },
  ],
  check(facts) {
    const { release, installed } = facts.kernel;
    const signs = files(facts, RESTART_REQUIRED, '', () => 'is there: what was replaced is still in use');
    if (signs.status === 'fail' || signs.status === 'unknown') return signs;
    if (release === undefined) return unknown('only a running system can say');
    if (installed?.includes(release) !== true)
      return unknown(`the modules of Linux ${release} are not in /lib/modules`);
    const newest =
      installed
        .filter((one) => kind(one) === kind(release))
        .sort(compare)
        .at(-1) ?? release;
    if (compare(newest, release) <= 0) return PASS;
    const said = `Linux ${release} runs, and ${newest} is installed`;
    return fails(problem('kernel', said, fileLocation(`/lib/modules/${newest}`)));
  },
} satisfies HostCheck;
