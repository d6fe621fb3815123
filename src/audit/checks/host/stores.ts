// SPDX-License-Identifier: Apache-2.0
import { STORES } from '../../facts/host/files.ts';
import { accessFix, files, octal } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

export default {
  id: 'SEC-HOST-0027',
  title: 'File systems of containers are closed to users of the host',
  severity: 'high',
  target: 'host',
  frameworks: ['NIST-800-190:4.5.5'],
  rationale:
    'In an open store a user of the host runs set-user-id programs that root inside made, and writes files that belong to the same number inside (CVE-2021-41091).',
  remediation:
    "Run 'chown root:root DIRECTORY && chmod 710 DIRECTORY' for each one that is named; docker does so itself since 20.10.9.",
  references: ['https://github.com/moby/moby/security/advisories/GHSA-3fwx-pjgw-3558'],
  examples: [
    { good: { files: { '/var/lib/docker': { mode: 0o711 } } }, bad: { files: { '/var/lib/docker': { mode: 0o755 } } } },
    { good: { files: { '/var/lib/docker': { uid: 0 } } }, bad: { files: { '/var/lib/docker': { uid: 1000 } } } },
  ],
  check: (facts) =>
    files(facts, STORES, 'no engine keeps containers here', ({ uid, mode }) => {
      if (uid !== 0) return `belongs to user ${uid}`;
      // Passing through, without listing, is what containers with their own users need.
      return (mode & 0o006) === 0 ? null : `has mode ${octal(mode)}: everybody can look into it`;
    }),
  fix: accessFix('Gives the directory to root, and takes the right to list it and to write to it from others.', () => ({
    uid: 0,
    without: 0o006,
  })),
} satisfies HostCheck;
