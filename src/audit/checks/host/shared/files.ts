// SPDX-License-Identifier: Apache-2.0
// Checks of owners and modes.
import type { FileFact, HostFacts } from '../../../facts/host.ts';
import type { Location, Verdict } from '../../../types.ts';
import { notApplicable, problem, unknown, verdict } from '../../../verdicts.ts';

export const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
export const fileLocation = (path: string): Location => ({ logical: path, path: path.slice(1) });

/** Those of `paths` that are there, each judged: `judge` says what is wrong. */
export function files(
  facts: HostFacts,
  paths: readonly string[],
  none: string,
  judge: (file: FileFact, path: string) => string | null,
): Verdict {
  const present = paths.flatMap((path) => {
    const file = facts.files[path];
    return file === null || file === undefined ? [] : [{ path, file }];
  });
  const problems = present.flatMap(({ path, file }) => {
    const wrong = judge(file, path);
    return wrong === null ? [] : [problem(path, `${path} ${wrong}`, fileLocation(path))];
  });
  const unseen = paths.find((path) => facts.files[path] === undefined);
  if (problems.length === 0 && unseen !== undefined) return unknown(`${unseen} cannot be looked at: audit as root`);
  return present.length === 0 ? notApplicable(none) : verdict(problems);
}

/** Somebody else than root may change it. */
export function writableByOthers({ uid, gid, mode }: FileFact): string | null {
  if (uid !== 0) return `belongs to user ${uid}, who can change it`;
  if ((mode & 0o002) !== 0) return `has mode ${octal(mode)}: everybody can change it`;
  if ((mode & 0o020) !== 0 && gid !== 0) return `has mode ${octal(mode)}: group ${gid} can change it`;
  return null;
}
