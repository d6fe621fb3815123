// SPDX-License-Identifier: Apache-2.0
// Checks of engines that users run without root.
import type { RootlessUser } from '../../../facts/host/rootless.ts';
import { ALICE } from '../../../facts/host/rootless-example.ts';
import type { FileFact, HostFacts } from '../../../facts/host.ts';
import type { DeepPartial } from '../../../partial.ts';
import type { Problem, Verdict } from '../../../types.ts';
import { notApplicable, problem, unknown, verdict } from '../../../verdicts.ts';
import { type Flaw, fileLocation } from './files.ts';

/** Facts with one user, who differs from the example in this. */
export const user = (differs: Partial<RootlessUser>): DeepPartial<HostFacts> => ({
  rootless: { users: [{ ...ALICE, ...differs }] },
});
/** The same with one file. */
export const userFile = (path: string, differs: Partial<FileFact>): DeepPartial<HostFacts> => {
  const files = { ...ALICE.files, [path]: { ...(ALICE.files[path] as FileFact), ...differs } };
  return user({ files });
};

/** What is known of one user: what is wrong, or why it cannot be told. */
export type Judged = readonly Problem[] | string;

/** Each user with an engine of his own. What cannot be told of one makes it unknown, unless something is wrong. */
export function ofUsers({ rootless }: HostFacts, judge: (user: RootlessUser) => Judged): Verdict {
  const { users, problem: why } = rootless;
  let open = why;
  const problems = users.flatMap((one): readonly Problem[] => {
    const judged = judge(one);
    if (typeof judged !== 'string') return judged;
    open ??= judged;
    return [];
  });
  if (problems.length > 0) return verdict(problems);
  if (open !== null) return unknown(open);
  return users.length === 0 ? notApplicable('no user runs an engine without root') : verdict([]);
}

/** Why nobody knows how docker of a user is started. */
export const unknownStart = ({ name, docker }: RootlessUser): string =>
  docker?.problem == null
    ? `neither a unit nor a process says how docker of ${name} is started`
    : `how docker of ${name} is started is not known: ${docker.problem}`;

export type FileJudge = (file: FileFact, path: string, user: RootlessUser) => readonly Flaw[];

/** Each file of theirs that is there. */
export function ofUserFiles(facts: HostFacts, judge: FileJudge): Verdict {
  const found = ofUsers(facts, (one) => {
    const problems = Object.entries(one.files).flatMap(([path, file]) =>
      judge(file, path, one).map(({ what, aspect }) =>
        problem(`${path}${aspect}`, `${path} ${what}`, fileLocation(path)),
      ),
    );
    if (problems.length > 0 || one.unseen.length === 0) return problems;
    return `${one.unseen[0]} cannot be looked at, or is a link that leads out of the home of ${one.name}`;
  });
  const unseen = facts.rootless.users.flatMap((one) => one.unseen);
  return found.status === 'fail' && unseen.length > 0 ? { ...found, unseen } : found;
}

/** A group that is him alone: his own, and those of his subordinate range. */
export const isHis = ({ gid, name, uid, ownGroup }: RootlessUser, group: number, { subgid }: HostFacts): boolean =>
  (group === gid && ownGroup) ||
  (subgid ?? []).some(
    ({ owner, start, count }) => [name, String(uid)].includes(owner) && group >= start && group < start + count,
  );
