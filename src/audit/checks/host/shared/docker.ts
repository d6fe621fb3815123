// SPDX-License-Identifier: Apache-2.0
// Checks of dockerd's configuration.
import type { DockerFacts } from '../../../facts/host/docker.ts';
import type { HostFacts } from '../../../facts/host.ts';
import type { DockerEdit, Fix } from '../../../fix/types.ts';
import type { DeepPartial } from '../../../partial.ts';
import type { Problem, Verdict } from '../../../types.ts';
import { notApplicable, PASS, problem, quoted, unknown, verdict } from '../../../verdicts.ts';

interface Daemon {
  readonly facts: DockerFacts;
  /** Empty: root's. */
  readonly user: string;
}

/** What distinguishes a problem of a user's daemon: a part of its key. Its file is the user's, and no repair touches it. */
export const OF_USER = ' ~';

/**
 * One setting, by its name in daemon.json, of the daemon of the machine and of those that users run without root. `judge` gets its value,
 * undefined where it is not set and dockerd's default counts, and says what is wrong.
 * @param rootless why it means nothing for a daemon without root; null: it does
 */
export function docker(
  { docker: facts, rootless: { users, problem: unseen } }: HostFacts,
  key: string,
  judge: (value: unknown) => string | null,
  rootless: string | null = null,
): Verdict {
  const theirs = users.flatMap(({ name, docker }): Daemon[] =>
    docker === null ? [] : [{ facts: docker, user: name }],
  );
  const daemons = [...(facts.program === null ? [] : [{ facts, user: '' }]), ...(rootless === null ? theirs : [])];
  if (daemons.length === 0)
    return notApplicable(rootless === null || theirs.length === 0 ? 'docker is not installed' : rootless);
  let open: string | undefined;
  const problems = daemons.flatMap(({ facts: { settings, problem: why, config }, user }): Problem[] => {
    const set = settings[key];
    const wrong = judge(set?.value);
    // daemon.json may set it where the command line does not.
    if (why !== null && set === undefined) {
      open ??= `${config} cannot be read: ${why}`;
      return [];
    }
    if (wrong === null) return [];
    const location = set?.location ?? { logical: config, path: config.slice(1) };
    return [
      user === ''
        ? problem(key, wrong, location)
        : problem(`${key}${OF_USER}${user}`, `docker of ${quoted(user)}: ${wrong}`, location),
    ];
  });
  if (problems.length > 0) return verdict(problems);
  // One that nobody saw may be set otherwise.
  const why = open ?? (rootless === null ? unseen : null);
  return why === null ? PASS : unknown(why);
}

/** Facts with one setting, for examples; undefined removes it. */
export const daemon = (key: string, value: unknown): DeepPartial<HostFacts> => ({
  docker: {
    settings: { [key]: value === undefined ? undefined : { value, location: { logical: '/etc/docker/daemon.json' } } },
  },
});

/** The repair of such a check: members of daemon.json. @param value undefined: it is removed */
export function daemonFix(
  at: DockerEdit['at'],
  value: unknown,
  { risk, more = () => [] }: { readonly risk?: string; readonly more?: (facts: HostFacts) => DockerEdit[] } = {},
): Fix<HostFacts> {
  const member = `\`${at.join('.')}\``;
  return {
    does: `${value === undefined ? `Removes ${member} from` : `Sets ${member} to \`${JSON.stringify(value)}\` in`} daemon.json; a person restarts docker.`,
    ...(risk === undefined ? {} : { risk }),
    edits: (facts, { key }) => (key.includes(OF_USER) ? [] : [{ kind: 'docker', at, value }, ...more(facts)]),
  };
}
