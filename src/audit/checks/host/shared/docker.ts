// SPDX-License-Identifier: Apache-2.0
// Checks of dockerd's configuration.
import type { HostFacts } from '../../../facts/host.ts';
import type { DockerEdit, Fix } from '../../../fix/types.ts';
import type { DeepPartial } from '../../../partial.ts';
import type { Verdict } from '../../../types.ts';
import { fails, notApplicable, PASS, problem, unknown } from '../../../verdicts.ts';

/**
 * One setting, by its name in daemon.json. `judge` gets its value, undefined where it is not set and dockerd's default counts, and says
 * what is wrong.
 */
export function docker({ docker: facts }: HostFacts, key: string, judge: (value: unknown) => string | null): Verdict {
  if (facts.program === null) return notApplicable('docker is not installed');
  const set = facts.settings[key];
  const wrong = judge(set?.value);
  // daemon.json may set it where the command line does not.
  if (facts.problem !== null && set === undefined) return unknown(`${facts.config} cannot be read: ${facts.problem}`);
  const location = set?.location ?? { logical: facts.config, path: facts.config.slice(1) };
  return wrong === null ? PASS : fails(problem(key, wrong, location));
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
    edits: (facts) => [{ kind: 'docker', at, value }, ...more(facts)],
  };
}
