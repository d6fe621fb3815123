// SPDX-License-Identifier: Apache-2.0
import { type DockerFacts, TLS_SETTINGS } from '../../facts/host/docker.ts';
import type { RootlessUser } from '../../facts/host/rootless.ts';
import type { HostFacts } from '../../facts/host.ts';
import type { Problem, Verdict } from '../../types.ts';
import { notApplicable, PASS, problem, unknown } from '../../verdicts.ts';
import { OF_USER } from './shared/docker.ts';
import { certificateFix, certificateFlaws, fileLocation, files, octal } from './shared/files.ts';
import { userFile } from './shared/rootless.ts';
import type { HostCheck } from './shared/sysctl.ts';

const THEIRS = '/home/alice/.config/docker/key.pem';
const [CA, KEY] = ['/etc/docker/ca.pem', '/etc/docker/key.pem'];

const most = (key: string): number => (key.startsWith('tlskey') ? 0o400 : 0o444);
const FIX = certificateFix((_, key) => most(key));

function named({ settings }: DockerFacts): { key: string; path: string }[] {
  return TLS_SETTINGS.flatMap((key) => {
    const path = settings[key]?.value;
    return typeof path === 'string' ? [{ key, path }] : [];
  });
}

function ofRoot(facts: HostFacts): Verdict {
  const { program, problem, config } = facts.docker;
  if (program === null) return notApplicable('docker is not installed');
  const paths = named(facts.docker);
  if (paths.length === 0)
    return problem === null
      ? notApplicable('docker is not told to use TLS')
      : unknown(`${config} cannot be read: ${problem}`);
  const verdicts = paths.map(({ key, path }) => ({
    key,
    found: files(facts, [path], `${path} is not there`, (file) => certificateFlaws(file, most(key))),
  }));
  // By what a file is for: the same may be named twice.
  const problems = verdicts.flatMap(({ key, found }) =>
    found.status === 'fail'
      ? found.problems.map((one) => ({ ...one, key: one.key.endsWith(' mode') ? `${key} mode` : key }))
      : [],
  );
  const unseen = verdicts.filter(({ found }) => found.status === 'unknown').map(({ key }) => key);
  if (problems.length === 0 && unseen.length > 0)
    return unknown(`the file of ${unseen[0]} cannot be looked at: audit as root`);
  return problems.length === 0 ? PASS : { status: 'fail', problems, unseen };
}

/** Those of a daemon without root belong to its user, and lie in his home. */
function ofUser({ name, uid, docker, files: own }: RootlessUser): Verdict {
  if (docker === null) return notApplicable('he runs no docker');
  const paths = named(docker);
  if (paths.length === 0)
    return docker.problem === null
      ? notApplicable(`docker of ${name} is not told to use TLS`)
      : unknown(`${docker.config} cannot be read: ${docker.problem}`);
  const dark: string[] = [];
  const problems = paths.flatMap(({ key, path }): Problem[] => {
    const file = own[path];
    // What is elsewhere, or is not there, was not looked at.
    if (file === undefined) dark.push(key);
    if (file === undefined) return [];
    const more = file.mode & ~most(key) & 0o7777;
    return [
      ...(file.uid === uid || file.uid === 0
        ? []
        : [problem(`${key}${OF_USER}${name}`, `${path} belongs to ${file.uid}, not to ${name}`, fileLocation(path))]),
      ...(more === 0
        ? []
        : [
            problem(
              `${key} mode${OF_USER}${name}`,
              `${path} has mode ${octal(file.mode)}, not ${octal(most(key))}`,
              fileLocation(path),
            ),
          ]),
    ];
  });
  if (problems.length > 0) return { status: 'fail', problems, unseen: dark };
  if (dark.length === 0) return PASS;
  return unknown(`the file of ${dark[0]} of docker of ${name} is not in his home, or cannot be looked at`);
}

export default {
  id: 'SEC-HOST-0048',
  title: "Files of docker's TLS are root's, and its key is read by nobody else",
  severity: 'high',
  target: 'host',
  frameworks: [9, 10, 11, 12, 13, 14].map((n) => `CIS-Docker-1.6:3.${n}`),
  rationale:
    'Whoever writes the authority makes himself a client, and is root on the host; whoever reads the key of the daemon is taken for it by its clients.',
  remediation:
    "'chown root:root FILE', 'chmod 444' for what tlscacert and tlscert name in /etc/docker/daemon.json, 'chmod 400' for what tlskey names.",
  references: ['https://docs.docker.com/engine/security/protect-access/'],
  examples: [
    { good: { files: { [CA]: { mode: 0o444 } } }, bad: { files: { [CA]: { mode: 0o664 } } } },
    { good: { files: { [KEY]: { mode: 0o400 } } }, bad: { files: { [KEY]: { mode: 0o440 } } } },
    { good: { files: { [KEY]: { gid: 0 } } }, bad: { files: { [KEY]: { gid: 998 } } } },
    { good: userFile(THEIRS, { mode: 0o400 }), bad: userFile(THEIRS, { mode: 0o440 }) },
  ],
  check: (facts) => {
    const own = ofRoot(facts);
    const theirs = facts.rootless.users.map(ofUser);
    const all = [own, ...theirs];
    const problems = all.flatMap((one) => (one.status === 'fail' ? one.problems : []));
    const unseen = all.flatMap((one) => (one.status === 'fail' ? (one.unseen ?? []) : []));
    if (problems.length > 0) return { status: 'fail', problems, unseen };
    if (facts.rootless.problem !== null && all.some(({ status }) => status === 'pass'))
      return unknown(facts.rootless.problem);
    return all.find(({ status }) => status === 'unknown') ?? all.find(({ status }) => status === 'pass') ?? own;
  },
  fix: {
    ...FIX,
    // What belongs to a user is not given to root.
    edits: (facts, found, ...more) => (found.key.includes(OF_USER) ? [] : FIX.edits(facts, found, ...more)),
  },
} satisfies HostCheck;
