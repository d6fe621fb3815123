// SPDX-License-Identifier: Apache-2.0
import { posix } from 'node:path';
import { type DockerfileCheck, REFERENCE } from './shared/check.ts';
import { allInstructions, finalInstructions, problem, shown, verdict } from './shared/problems.ts';

const SYSTEM = new Set([
  '/',
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/lib',
  '/lib64',
  '/proc',
  '/root',
  '/run',
  '/sbin',
  '/sys',
  '/usr',
  '/usr/bin',
  '/usr/lib',
  '/usr/sbin',
  '/var',
]);
const isSystem = (path: string | undefined): boolean =>
  path?.startsWith('/') === true && SYSTEM.has(posix.normalize(path).replace(/(?<=.)\/$/, ''));

export default {
  id: 'SEC-DOCKERFILE-0025',
  title: 'Directories of the system are no volumes, no working directories, and not copied whole',
  severity: 'low',
  target: 'dockerfile',
  frameworks: ['CIS-Docker-1.6:5.6'],
  rationale:
    'A volume over a directory of the system keeps old programs and configuration when the image is updated, and lets the container change them. A program that works in one needs it to be writable. The whole of another image brings its accounts, set-user-ID programs and flaws.',
  remediation:
    'Give the application a directory of its own (/app, /var/lib/app), make that the volume, and copy by name what is needed.',
  references: [`${REFERENCE}#volume`, `${REFERENCE}#workdir`],
  examples: [
    {
      good: 'FROM debian:12\nVOLUME /var/lib/app\nUSER 1\n',
      bad: 'FROM debian:12\nVOLUME ["/data", "/etc/"]\nUSER 1\n',
    },
    {
      good: 'FROM debian:12\nWORKDIR /usr/./app\nUSER 1\n',
      bad: 'FROM debian:12\nWORKDIR /usr/./bin\nUSER 1\n',
    },
    {
      good: 'FROM debian:12 AS a\nFROM scratch\nCOPY --from=a /app /\nUSER 1\n',
      bad: 'FROM debian:12 AS a\nFROM scratch\nCOPY --from=a / /\nUSER 1\n',
    },
  ],
  check(facts) {
    const final = finalInstructions(facts);
    const volumes = final
      .filter(({ keyword }) => keyword === 'VOLUME')
      .flatMap(({ words, expanded }) =>
        words.flatMap(({ region }, i) => {
          const path = expanded[i];
          return isSystem(path) ? [problem(facts, region, `VOLUME ${path}`, `${shown(path ?? '')} is a volume`)] : [];
        }),
      );
    const last = final.findLast(({ keyword }) => keyword === 'WORKDIR');
    const [work] = last?.expanded ?? [];
    // Where nothing says otherwise, it is / too: only what somebody chose is told.
    const works =
      last !== undefined && work !== '/' && isSystem(work)
        ? [problem(facts, last.region, `WORKDIR ${work}`, `the program works in ${shown(work ?? '')}`)]
        : [];
    const copies = allInstructions(facts)
      .filter(({ keyword, flags, expanded }) => {
        const [source, target, ...more] = expanded;
        return (
          keyword === 'COPY' &&
          flags.some(({ name }) => name === 'from') &&
          more.length === 0 &&
          source === '/' &&
          target === '/'
        );
      })
      .map(({ region, text }) =>
        problem(facts, region, text, `all files of another image or stage are copied: ${shown(text)}`),
      );
    return verdict([...volumes, ...works, ...copies]);
  },
} satisfies DockerfileCheck;
