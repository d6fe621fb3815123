// SPDX-License-Identifier: Apache-2.0
// Checks of owners and modes.
import type { FileFact, HostFacts } from '../../../facts/host.ts';
import type { AccessEdit, Fix } from '../../../fix/types.ts';
import type { Location, Verdict } from '../../../types.ts';
import { notApplicable, problem, unknown, verdict } from '../../../verdicts.ts';

export const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
export const fileLocation = (path: string): Location => ({ logical: path, path: path.slice(1) });

/** Those of `paths` that are there, each judged: `judge` says what is wrong. */
export function files(
  facts: HostFacts,
  paths: readonly string[],
  none: string,
  judge: (file: FileFact, path: string) => string | null | readonly Flaw[],
): Verdict {
  const present = paths.flatMap((path) => {
    const file = facts.files[path];
    return file === null || file === undefined ? [] : [{ path, file }];
  });
  const problems = present.flatMap(({ path, file }) => {
    const wrong = judge(file, path);
    const flaws = typeof wrong === 'string' ? [{ what: wrong, aspect: '' }] : (wrong ?? []);
    return flaws.map(({ what, aspect }) => problem(`${path}${aspect}`, `${path} ${what}`, fileLocation(path)));
  });
  const unseen = paths.filter((path) => facts.files[path] === undefined);
  if (problems.length === 0 && unseen.length > 0) return unknown(`${unseen[0]} cannot be looked at: audit as root`);
  if (problems.length > 0 && unseen.length > 0) return { status: 'fail', problems, unseen };
  return present.length === 0 ? notApplicable(none) : verdict(problems);
}

/** One thing that is wrong with a file; a file may have several, told from each other by `aspect`. */
export interface Flaw {
  readonly what: string;
  /** Empty, ` mode`, ` group`: a part of the key. */
  readonly aspect: string;
}

/** Somebody else than root may change it. */
export function writableByOthers({ uid, gid, mode }: FileFact): Flaw[] {
  const owner = uid === 0 ? [] : [{ what: `belongs to user ${uid}, who can change it`, aspect: '' }];
  const who = (mode & 0o002) !== 0 ? 'everybody' : (mode & 0o020) !== 0 && gid !== 0 ? `group ${gid}` : undefined;
  const open = who === undefined ? [] : [{ what: `has mode ${octal(mode)}: ${who} can change it`, aspect: ' mode' }];
  return [...owner, ...open];
}

/** What is wrong with the file of a certificate or key that should have no more permissions than `most`. */
export function certificateFlaws({ uid, gid, mode }: FileFact, most: number): Flaw[] {
  const owner = uid === 0 && gid === 0 ? [] : [{ what: `belongs to ${uid}:${gid}, not to root`, aspect: '' }];
  const open =
    (mode & ~most & 0o7777) === 0 ? [] : [{ what: `has mode ${octal(mode)}, not ${octal(most)}`, aspect: ' mode' }];
  return [...owner, ...open];
}

/**
 * The repair of such a check: an owner, and bits of the mode that go.
 * @param how what one flaw needs, which is a part of its key: '', ` mode`, ` group`
 */
export const accessFix = (
  does: string,
  how: (file: FileFact, path: string, aspect: Flaw['aspect'], facts: HostFacts) => Omit<AccessEdit, 'kind' | 'path'>,
): Fix<HostFacts> => ({
  does,
  edits(facts, { key, location: { logical: path } }) {
    const file = facts.files[path];
    const aspect = / (?:mode|group)$/.exec(key)?.[0] ?? '';
    return file == null ? [] : [{ kind: 'access', path, ...how(file, path, aspect, facts) }];
  },
});

/** Of `writableByOthers`: the files are root's, and nobody else writes them. */
export const onlyRootWrites = accessFix(
  'Gives the file to root, and takes the right to write from the group, unless it is that of root, and from others.',
  ({ gid }, _, aspect) => (aspect === '' ? { uid: 0 } : { without: gid === 0 ? 0o002 : 0o022 }),
);

/** Of `certificateFlaws`. */
export const certificateFix = (most: (path: string, key: string) => number): Fix<HostFacts> => ({
  does: 'Gives the file to root and its group, and takes the permissions that it does not need.',
  edits: (_, { key, location: { logical: path } }) => [
    key.endsWith(' mode')
      ? { kind: 'access', path, without: ~most(path, key) & 0o7777 }
      : { kind: 'access', path, uid: 0, gid: 0 },
  ],
});
