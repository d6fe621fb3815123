// SPDX-License-Identifier: Apache-2.0
import type { Range } from '../../facts/host/accounts.ts';
import { problem } from '../../verdicts.ts';
import { fileLocation } from './shared/files.ts';
import { ofUsers } from './shared/rootless.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** Ids of images go up to 65534, nobody; useradd(8) gives as many. */
const NEEDED = 65_536;
const range = (count: number): { subuid: Range[] } => ({
  subuid: [{ owner: 'alice', start: 100_000, count, line: 1 }],
});

export default {
  id: 'SEC-HOST-0099',
  title: 'Users with engines have ids for whole containers',
  severity: 'low',
  target: 'host',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'With too few ids an image cannot be unpacked as it is; what then helps, giving all its files to one id or ignoring owners, takes away what keeps a program in a container from the files of another one.',
  remediation:
    "Run 'usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME' with a range that nobody has, and 'podman system migrate' as this user.",
  references: [
    'https://man7.org/linux/man-pages/man5/subuid.5.html',
    'https://docs.docker.com/engine/security/rootless/#prerequisites',
  ],
  examples: [{ good: range(65_536), bad: range(1000) }],
  check: (facts) =>
    ofUsers(facts, ({ name, uid }) => {
      if (facts.subuid === null || facts.subgid === null) return '/etc/subuid and /etc/subgid cannot be read';
      const files = [
        ['/etc/subuid', facts.subuid],
        ['/etc/subgid', facts.subgid],
      ] as const;
      return files.flatMap(([file, ranges]) => {
        const own = ranges.filter(({ owner }) => owner === name || owner === String(uid));
        const count = own.reduce((sum, one) => sum + one.count, 0);
        return count >= NEEDED
          ? []
          : [
              problem(
                `${file}:${name}`,
                `${file} gives ${name} ${count} ids, fewer than ${NEEDED}`,
                fileLocation(file),
              ),
            ];
      });
    }),
} satisfies HostCheck;
