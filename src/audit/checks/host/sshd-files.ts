// SPDX-License-Identifier: Apache-2.0
import { SSHD_FILES } from '../../facts/host/files.ts';
import { accessFix, type Flaw, files, octal, writableByOthers } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

const KEY = '/etc/ssh/ssh_host_ed25519_key';

export default {
  id: 'SEC-HOST-0075',
  title: 'Keys and configuration of sshd are for root alone',
  severity: 'high',
  target: 'host',
  frameworks: ['CIS-DIL-2.0:5.2.1', 'CIS-DIL-2.0:5.2.2', 'CIS-DIL-2.0:5.2.3', 'CIS-Docker-1.6:1.2.1'],
  rationale:
    'With the private key another machine is taken for this one by everybody who logs in. A line in the configuration starts a program as root.',
  remediation:
    "Run 'chown root:root PATH && chmod 600 PATH' for each that is named; where a key was open, make new ones with 'ssh-keygen -A'.",
  references: ['https://man.openbsd.org/sshd#FILES'],
  examples: [
    { good: { files: { [KEY]: { mode: 0o640 } } }, bad: { files: { [KEY]: { mode: 0o644 } } } },
    { good: { files: { [KEY]: { uid: 0 } } }, bad: { files: { [KEY]: { uid: 1000 } } } },
    {
      good: { files: { '/etc/ssh/sshd_config': { mode: 0o644 } } },
      bad: { files: { '/etc/ssh/sshd_config': { mode: 0o646 } } },
    },
  ],
  check: (facts) =>
    files(
      facts,
      [...SSHD_FILES, ...facts.system.hostKeys, ...(facts.system.hostPublicKeys ?? [])],
      'sshd is not installed',
      (file, path): Flaw[] => {
        // Some distributions give keys to a group of their own, which only a set-group-ID program has.
        const open = facts.system.hostKeys.includes(path) && (file.mode & 0o007) !== 0;
        const read = open ? [{ what: `has mode ${octal(file.mode)}: everybody can read it`, aspect: ' mode' }] : [];
        return open
          ? [...writableByOthers(file).filter(({ aspect }) => aspect === ''), ...read]
          : writableByOthers(file);
      },
    ),
  fix: accessFix(
    'Gives the file to root, and takes the right to write from others, and of a key every right. A key that was open is still known to whoever read it.',
    ({ gid }, path, aspect, { system }) => {
      if (aspect === '') return { uid: 0 };
      const key = system.hostKeys.includes(path);
      return { without: (key ? 0o007 : 0o002) | (gid === 0 ? 0 : 0o020) };
    },
  ),
} satisfies HostCheck;
