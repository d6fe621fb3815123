// SPDX-License-Identifier: Apache-2.0
import { BOOT_FILES } from '../../facts/host/files.ts';
import { accessFix, type Flaw, files, octal, writableByOthers } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

const GRUB = '/boot/grub/grub.cfg';

export default {
  id: 'SEC-HOST-0081',
  title: 'The configuration of the boot loader is for root alone',
  severity: 'low',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:1.4.1', 'CIS-Docker-1.6:1.2.1'],
  rationale:
    'It says which kernel is started and how, protections of it included, and may hold the hash of the password that guards its menu.',
  remediation: "Run 'chown root:root PATH && chmod 600 PATH' for each that is named.",
  references: ['https://www.gnu.org/software/grub/manual/grub/html_node/Security.html'],
  examples: [
    { good: { files: { [GRUB]: { mode: 0o400 } } }, bad: { files: { [GRUB]: { mode: 0o444 } } } },
    { good: { files: { [GRUB]: { uid: 0 } } }, bad: { files: { [GRUB]: { uid: 1000 } } } },
  ],
  check: (facts) =>
    files(facts, BOOT_FILES, 'no boot loader is configured here', (file): Flaw[] => {
      const worse = writableByOthers(file);
      if (worse.length > 0 || (file.mode & 0o077) === 0) return worse;
      return [{ what: `has mode ${octal(file.mode)}: others can read it`, aspect: ' mode' }];
    }),
  fix: accessFix('Gives the file to root, and takes every right from others.', () => ({ uid: 0, without: 0o077 })),
} satisfies HostCheck;
