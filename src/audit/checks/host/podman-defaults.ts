// SPDX-License-Identifier: Apache-2.0
import type { PodmanFacts } from '../../facts/host/podman.ts';
import type { HostFacts } from '../../facts/host.ts';
import type { DeepPartial } from '../../partial.ts';
import type { Problem } from '../../types.ts';
import { notApplicable, problem, quoted, unknown, verdict } from '../../verdicts.ts';
import { fileLocation } from './shared/files.ts';
import type { HostCheck } from './shared/sysctl.ts';

/** What podman itself gives (containers.conf(5)), and what its manual counts as harmless beside it. */
const CAPABILITIES = new Set([
  ...[
    'CHOWN',
    'DAC_OVERRIDE',
    'FOWNER',
    'FSETID',
    'KILL',
    'NET_BIND_SERVICE',
    'SETFCAP',
    'SETGID',
    'SETPCAP',
    'SETUID',
  ],
  'SYS_CHROOT',
]);
const is =
  (...values: readonly unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value);
/** By key: what weakens every container. */
const WEAK: Readonly<Record<string, (value: unknown) => boolean>> = {
  'containers.seccomp_profile': is('unconfined'),
  'containers.apparmor_profile': is('unconfined'),
  'containers.label': is(false),
  'containers.privileged': is(true),
  'containers.netns': is('host'),
  'containers.pidns': is('host'),
  'containers.ipcns': is('host'),
  'containers.utsns': is('host'),
  'containers.pids_limit': (value) => typeof value === 'number' && value <= 0,
  'engine.no_pivot_root': is(true),
};
const set = (key: string, value: unknown): DeepPartial<HostFacts> => ({
  podman: { installed: true, settings: { [key]: { value, file: '/etc/containers/containers.conf' } } },
});

function weakened({ settings }: PodmanFacts): Problem[] {
  const weak = Object.entries(WEAK).flatMap(([key, isWeak]): Problem[] => {
    const said = settings[key];
    return said === undefined || !isWeak(said.value)
      ? []
      : [problem(key, `${key} is ${quoted(said.value)}`, fileLocation(said.file))];
  });
  const given = settings['containers.default_capabilities'];
  const names = Array.isArray(given?.value)
    ? given.value.map((name) => String(name).toUpperCase().replace(/^CAP_/, ''))
    : [];
  const more = names.filter((name) => !CAPABILITIES.has(name));
  if (more.length === 0 || given === undefined) return weak;
  return [...weak, problem('capabilities', `every container has ${quoted(more.join(', '))}`, fileLocation(given.file))];
}

export default {
  id: 'SEC-HOST-0084',
  title: 'Podman weakens no container by default',
  severity: 'high',
  target: 'host',
  frameworks: ['NIST-800-190:4.4.3'],
  rationale:
    'What stands in containers.conf holds for every container of podman, buildah and CRI-O that does not say otherwise: a filter, a label or a namespace that is switched off here is off everywhere, and nobody sees it on a command line.',
  remediation:
    'Remove the line that is named from the file that is named, and give what one container needs to that one: `podman run --cap-add …`.',
  references: ['https://github.com/containers/common/blob/main/docs/containers.conf.5.md'],
  examples: [
    {
      good: set('containers.seccomp_profile', '/etc/containers/seccomp.json'),
      bad: set('containers.seccomp_profile', 'unconfined'),
    },
    { good: set('containers.label', true), bad: set('containers.label', false) },
    { good: set('containers.pids_limit', 2048), bad: set('containers.pids_limit', 0) },
    {
      good: set('containers.default_capabilities', ['CAP_CHOWN']),
      bad: set('containers.default_capabilities', ['CAP_SYS_ADMIN']),
    },
    { good: set('containers.netns', 'bridge'), bad: set('containers.netns', 'host') },
  ],
  check({ podman, rootless: { users } }) {
    const theirs = users.flatMap(({ name, podman: own }) =>
      own === null ? [] : [{ facts: own, suffix: ` ~${name}` }],
    );
    const all = [{ facts: podman, suffix: '' }, ...theirs];
    const problems = all.flatMap(({ facts, suffix }) =>
      weakened(facts).map((one) => ({ ...one, key: `${one.key}${suffix}` })),
    );
    if (problems.length > 0) return verdict(problems);
    const why = all.find(({ facts }) => facts.problem !== null)?.facts.problem;
    if (why != null) return unknown(why);
    return podman.installed || theirs.length > 0
      ? verdict([])
      : notApplicable('neither podman, buildah nor CRI-O is installed');
  },
} satisfies HostCheck;
