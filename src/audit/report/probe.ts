// SPDX-License-Identifier: Apache-2.0
// What is in force, by container, side by side.
import { capabilityNames } from '../facts/container/process.ts';
import { rootFlags } from '../facts/probe/container.ts';
import { whose } from '../facts/probe/namespaces.ts';
import { NAMESPACES, type ProbeAttempt } from '../facts/probe/types.ts';
import type { ProbeFacts } from '../facts/probe.ts';

/** A line: what is asked, and the answer of each container. */
export interface Row {
  readonly title: string;
  readonly cells: readonly string[];
}

const UNKNOWN = '?';

/** Short names, or how many there are. */
function capabilities(mask: string | undefined): string {
  if (mask === undefined) return UNKNOWN;
  const names = capabilityNames(mask);
  return names.length === 0 ? 'none' : String(names.length);
}

function outside(facts: ProbeFacts): string {
  if (facts.ids === null) return UNKNOWN;
  const [, uid = 0] = facts.ids.uid;
  const range = facts.ids.uidMap?.find(([inside = 0, , size = 0]) => uid >= inside && uid < inside + size);
  const [inside = 0, first = 0] = range ?? [];
  return facts.ids.uidMap === null ? UNKNOWN : range === undefined ? 'nobody' : String(first + uid - inside);
}

function shared(facts: ProbeFacts): string {
  const of = (found: string) => NAMESPACES.filter((kind) => kind !== 'time' && whose(facts, kind) === found);
  const hosts = of('host');
  const unknown = of('unknown').map((kind) => `${kind}?`);
  return [...hosts, ...unknown].join(' ') || 'none';
}

function reachable(facts: ProbeFacts): string {
  if (facts.sockets === null) return UNKNOWN;
  return (
    facts.sockets
      .filter(({ answers }) => answers)
      .map(({ path }) => path)
      .join(' ') || 'none'
  );
}

const yes = (value: boolean | undefined): string => (value === undefined ? UNKNOWN : value ? 'yes' : 'no');

const FACTS: readonly (readonly [title: string, cell: (facts: ProbeFacts) => string])[] = [
  ['user inside', ({ ids }) => String(ids?.uid[1] ?? UNKNOWN)],
  ['user outside', outside],
  ['namespaces of the host', shared],
  ['capabilities, effective', ({ capabilities: sets }) => capabilities(sets?.effective)],
  ['capabilities, bounding', ({ capabilities: sets }) => capabilities(sets?.bounding)],
  ['no_new_privs', ({ confinement }) => yes(confinement?.noNewPrivileges)],
  ['seccomp filters', ({ confinement }) => filters(confinement)],
  ['security label', ({ confinement }) => (confinement === null ? UNKNOWN : (confinement.label ?? 'none'))],
  ['Landlock of the kernel', ({ landlock }) => landlockText(landlock)],
  ['directories refused', ({ landlock }) => (landlock === null ? UNKNOWN : landlock.refused.join(' ') || 'none')],
  ['root read-only', (facts) => yes(rootFlags(facts)?.includes('ro'))],
  [
    'devices that can be used',
    ({ devices }) => String(devices?.nodes.filter((one) => one.read || one.write).length ?? UNKNOWN),
  ],
  ['control groups writable', ({ cgroups }) => yes(cgroups === null ? undefined : cgroups.writable.length > 0)],
  ['processes visible', ({ processes }) => String(processes?.visible ?? UNKNOWN)],
  ['sockets that answer', reachable],
];

const landlockText = (landlock: ProbeFacts['landlock']): string =>
  landlock === null ? UNKNOWN : landlock.abi === 0 ? 'none' : `ABI ${landlock.abi}`;

function filters(confinement: ProbeFacts['confinement']): string {
  if (confinement === null || confinement.seccomp < 0) return UNKNOWN;
  return confinement.seccomp === 0 ? 'none' : String(confinement.filters ?? '1 or more');
}

/** `EPERM`, `allowed`, `killed`, `ENOSYS (filter)`; `-`: there was nothing to try. */
export function attemptText(attempt: ProbeAttempt | undefined): string {
  if (attempt === undefined) return UNKNOWN;
  const { outcome, errno, by } = attempt;
  if (outcome === 'not-applicable') return '-';
  if (outcome === 'unsupported') return `${errno ?? 'ENOSYS'}${by === null || by === 'unknown' ? '' : ` (${by})`}`;
  return outcome === 'denied' ? (errno ?? 'denied') : outcome;
}

/** Facts first, then every attempt that one of them has, in the order of the first. */
export function compareProbes(probes: readonly ProbeFacts[]): Row[] {
  const names = [...new Set(probes.flatMap(({ attempts }) => Object.keys(attempts)))];
  return [
    ...FACTS.map(([title, cell]) => ({ title, cells: probes.map(cell) })),
    ...names.map((title) => ({
      title,
      cells: probes.map(({ attempts }) => attemptText(Object.hasOwn(attempts, title) ? attempts[title] : undefined)),
    })),
  ];
}
