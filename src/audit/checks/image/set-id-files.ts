// SPDX-License-Identifier: Apache-2.0
import { type ImageCheck, judgeFiles, octal, ofPath } from './shared/check.ts';

export default {
  id: 'SEC-IMAGE-0002',
  title: 'No program runs with more rights than who starts it',
  severity: 'medium',
  target: 'image',
  frameworks: ['CIS-Docker-1.6:4.8', 'NIST-800-190:4.1.2'],
  rationale:
    'A set-user-ID program is run by an intruder as root: flaws of su, sudo and their like are the classic second step of a break-in.',
  remediation:
    'Add to the build: RUN find / -xdev -perm /6000 -type f -exec chmod a-s {} +. It has no effect where no_new_privs is set, as secure does by default.',
  references: ['https://man7.org/linux/man-pages/man2/execve.2.html'],
  examples: [
    {
      good: { files: { setid: [] } },
      bad: { files: { setid: [{ path: 'usr/bin/su', mode: 0o4755, uid: 0, gid: 0 }] } },
    },
  ],
  check(facts) {
    return judgeFiles(
      facts,
      facts.files.setid.map(({ path, mode, uid, gid }) => {
        const whose = [(mode & 0o4000) !== 0 ? `user ${uid}` : '', (mode & 0o2000) !== 0 ? `group ${gid}` : ''];
        return ofPath(
          facts,
          path,
          `/${path} (${octal(mode)}) runs as ${whose.filter((one) => one !== '').join(' and ')}, whoever starts it`,
        );
      }),
    );
  },
} satisfies ImageCheck;
