// SPDX-License-Identifier: Apache-2.0
import type { Helper } from '../../facts/host/rootless.ts';
import type { Problem } from '../../types.ts';
import { notApplicable, problem, unknown, verdict } from '../../verdicts.ts';
import { fileLocation, octal, writableByOthers } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** The one capability that each needs (shadow-utils, `--enable-subordinate-ids` with file capabilities). */
const NEEDED: Readonly<Record<string, string>> = {
  '/usr/bin/newuidmap': 'CAP_SETUID',
  '/usr/bin/newgidmap': 'CAP_SETGID',
};
const UIDS = '/usr/bin/newuidmap';
const helper = (differs: Partial<Helper>) => ({ rootless: { helpers: { [UIDS]: differs } } });

function flaws(path: string, file: Helper): string[] {
  const needed = NEEDED[path] ?? '';
  const setId = (file.mode & 0o4000) !== 0;
  const capabilities = file.capabilities ?? [];
  const more = capabilities.filter((name) => name !== needed);
  return [
    ...writableByOthers(file).map(({ what }) => what),
    ...(setId || capabilities.includes(needed)
      ? []
      : [`is neither set-user-id (mode ${octal(file.mode)}) nor has ${needed}: users have no ids but their own`]),
    ...(more.length === 0 ? [] : [`has ${more.join(', ')}, and needs ${needed} alone`]),
  ];
}

export default {
  id: 'SEC-HOST-0098',
  title: 'What gives users their further ids does that alone',
  severity: 'high',
  target: 'host',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'newuidmap and newgidmap write with the rights of root which ids a user namespace has. Who changes one is root. Without its right a container has one id, so that everything in it, and in every other container of the user, is one and the same user.',
  remediation:
    "Install the package again ('apt-get install --reinstall uidmap', 'dnf reinstall shadow-utils'), or 'chown root:root PATH && chmod 4755 PATH'; with capabilities instead: 'chmod 755 PATH && setcap cap_setuid=ep /usr/bin/newuidmap', 'setcap cap_setgid=ep /usr/bin/newgidmap'.",
  references: [
    'https://man7.org/linux/man-pages/man1/newuidmap.1.html',
    'https://docs.docker.com/engine/security/rootless/troubleshoot/',
  ],
  examples: [
    { good: helper({ mode: 0o4755 }), bad: helper({ mode: 0o4757 }) },
    { good: helper({ mode: 0o4755 }), bad: helper({ mode: 0o755 }) },
    {
      good: helper({ mode: 0o755, capabilities: ['CAP_SETUID'] }),
      bad: helper({ mode: 0o755, capabilities: ['CAP_SETUID', 'CAP_SYS_ADMIN'] }),
    },
  ],
  check({ rootless: { helpers, users } }) {
    const paths = Object.keys(NEEDED);
    const problems = paths.flatMap((path): Problem[] => {
      const file = helpers[path];
      if (file === undefined || (file?.capabilities === null && (file.mode & 0o4000) === 0)) return [];
      if (file === null)
        return users.length === 0
          ? []
          : [problem(path, `${path} is not installed, and users run engines without root`, fileLocation(path))];
      return flaws(path, file).map((what, i) =>
        problem(i === 0 ? path : `${path} ${i + 1}`, `${path} ${what}`, fileLocation(path)),
      );
    });
    if (problems.length > 0) return verdict(problems);
    const dark = paths.find((path) => helpers[path] === undefined || helpers[path]?.capabilities === null);
    if (dark !== undefined) return unknown(`${dark} cannot be looked at: audit as root`);
    return paths.every((path) => helpers[path] === null) ? notApplicable('they are not installed') : verdict([]);
  },
} satisfies HostCheck;
