// SPDX-License-Identifier: Apache-2.0
import { corePatternProgram } from '../../facts/host.ts';
import { fails, notApplicable, PASS, problem, quoted, unknown } from '../../verdicts.ts';
import { writableByOthers } from './shared/files.ts';
import { type HostCheck, sysctlLocation } from './shared/sysctl.ts';

/** Where programs that are no part of the system live, containers' file systems among them. */
const ELSEWHERE =
  /^\/(?:tmp|var\/tmp|dev|proc|home|run|var\/lib\/(?:docker|containerd|containers|kubelet|secure))(?:\/|$)/;
const pattern = (value: string, mode: number) => ({
  kernel: { sysctls: { 'kernel.core_pattern': value } },
  coreHandler: { type: 'file' as const, mode, uid: 0, gid: 0 },
});

export default {
  id: 'SEC-HOST-0017',
  title: 'The program that receives core dumps belongs to the system',
  severity: 'critical',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:1.5.1', 'NIST-800-190:4.5.1'],
  rationale:
    'The kernel starts it as root on the host whenever a program crashes in any container: setting it is the last step of many escapes (CVE-2022-0811), and who can change its file needs no escape.',
  remediation:
    "Run 'sysctl -w kernel.core_pattern=core', look for what set it ('grep -r core_pattern /etc/sysctl*'), and treat the host as taken over when nothing there did.",
  references: [
    'https://man7.org/linux/man-pages/man5/core.5.html',
    'https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2022-0811',
  ],
  examples: [
    {
      good: pattern('|/usr/lib/systemd/systemd-coredump %P', 0o755),
      bad: pattern('|/usr/lib/systemd/systemd-coredump %P', 0o777),
    },
    {
      good: pattern('|/usr/share/apport/apport -p%p', 0o755),
      bad: pattern('|/var/lib/docker/overlay2/x/diff/sh', 0o755),
    },
    // The kernel starts it in the root directory.
    { good: pattern('|usr/lib/core', 0o755), bad: pattern('|tmp/core', 0o755) },
    { good: pattern('|//usr/lib/core', 0o755), bad: pattern('|//usr/../tmp/core', 0o755) },
  ],
  check({ kernel, coreHandler }) {
    const value = kernel.sysctls?.['kernel.core_pattern'];
    if (value === undefined) return unknown('no /proc/sys of the kernel is in this file tree');
    const program = corePatternProgram(value ?? '');
    if (program === undefined) return notApplicable('core dumps are written to files');
    const fail = (text: string) =>
      fails(
        problem(
          'kernel.core_pattern',
          `core dumps start ${quoted(program)}, which ${text}`,
          sysctlLocation('kernel.core_pattern'),
        ),
      );
    if (ELSEWHERE.test(program)) return fail('is no place of a program of the system');
    if (coreHandler === undefined) return unknown(`${quoted(program)} cannot be looked at`);
    if (coreHandler === null) return fail('does not exist: whoever can create it runs as root');
    const [wrong] = writableByOthers(coreHandler);
    return wrong === undefined ? PASS : fail(wrong.what);
  },
} satisfies HostCheck;
