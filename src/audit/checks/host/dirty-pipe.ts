// SPDX-License-Identifier: Apache-2.0
import { fails, PASS, problem, unknown } from '../../verdicts.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** The patch release of each maintained series that has the fix; every later series has it from its start. */
const FIXED: ReadonlyMap<string, number> = new Map([
  ['5.10', 102],
  ['5.15', 25],
  ['5.16', 11],
]);

function affected(release: string): boolean | undefined {
  const [, major, minor, patch, rest] = /^(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(.*)$/.exec(release) ?? [];
  if (major === undefined || minor === undefined) return undefined;
  const series = Number(major) * 1000 + Number(minor);
  if (series < 5008 || series > 5016) return false;
  const fixed = FIXED.get(`${major}.${minor}`);
  if (fixed !== undefined && Number(patch ?? 0) >= fixed) return false;
  // Distributions put fixes into kernels whose number stays what it was.
  return rest === '' ? true : undefined;
}

export default {
  id: 'SEC-HOST-0016',
  title: 'The kernel has the fix for Dirty Pipe',
  severity: 'critical',
  target: 'host',
  frameworks: ['CIS-Docker-1.6:1.2.1', 'NIST-800-190:4.5.1'],
  rationale:
    'On Linux 5.8 to 5.16.10 any program overwrites any file that it can read: those of the image that other containers share, and those of the host that are mounted read-only.',
  remediation:
    "Update the kernel and restart: 'apt-get update && apt-get install --only-upgrade linux-image-amd64' or 'dnf upgrade kernel'.",
  references: ['https://dirtypipe.cm4all.com/', 'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2022-0847'],
  examples: [
    { good: { kernel: { release: '5.16.11' } }, bad: { kernel: { release: '5.16.10' } } },
    { good: { kernel: { release: '5.10.102-custom' } }, bad: { kernel: { release: '5.10.101' } } },
    { good: { kernel: { release: '5.7.19' } }, bad: { kernel: { release: '5.8.0' } } },
  ],
  check({ kernel: { release } }) {
    if (release === undefined) return unknown('no /proc/sys of the kernel is in this file tree');
    const found = affected(release);
    if (found === undefined)
      return unknown(`${release} may have the fix: the number of a distribution's kernel does not say`);
    const location = { logical: 'kernel.osrelease', path: 'proc/sys/kernel/osrelease' };
    return found ? fails(problem('CVE-2022-0847', `Linux ${release} has CVE-2022-0847`, location)) : PASS;
  },
} satisfies HostCheck;
