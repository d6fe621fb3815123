// SPDX-License-Identifier: Apache-2.0
// What the probe saw, as facts of a container: where checks of containers ask for the same, they are asked, with the probe's word as the kernel's.

import type { PlanFacts } from '../container/plan.ts';
import { capabilityNames } from '../container/process.ts';
import type { Proof, Proven } from '../container/proof.ts';
import type { ContainerFacts } from '../container.ts';
import { isFirstMap } from './namespaces.ts';
import type { ProbeFacts } from './types.ts';

const proven = (inForce: boolean, actual: string): Proven => ({ planned: null, inForce, actual, required: false });

/** Flags of the mount of the root; SELinux may forbid to ask for them, and its line in the list of mounts has them too. Undefined: not known. */
export const rootFlags = ({ root, mounts }: ProbeFacts): readonly string[] | undefined =>
  root?.flags ?? mounts?.mounts.findLast(({ point }) => point === '/')?.options.split(',');

const mapText = (map: readonly (readonly number[])[]): string => map.map((range) => range.join(':')).join(' ');

function proofOf(facts: ProbeFacts): Proof {
  const { ids, capabilities, confinement, limits } = facts;
  const found: Record<string, Proven> = {};
  if (ids !== null) {
    found.user = proven(true, `${ids.uid[1]}:${ids.gid[1]}`);
    if (ids.uidMap !== null && ids.gidMap !== null)
      found['user-namespace'] = proven(true, `uid ${mapText(ids.uidMap)}; gid ${mapText(ids.gidMap)}`);
  }
  if (capabilities !== null) {
    const { bounding, permitted, effective, inheritable, ambient } = capabilities;
    const sets = Object.entries({ bounding, permitted, effective, inheritable, ambient });
    const actual = sets.map(([name, mask]) => `${name}: ${capabilityNames(mask).join(' ') || 'none'}`).join('; ');
    found.capabilities = proven(true, actual);
  }
  if (confinement !== null) {
    const { noNewPrivileges, seccomp, filters } = confinement;
    found['no-new-privileges'] = proven(noNewPrivileges, noNewPrivileges ? 'on' : 'off');
    if (seccomp >= 0)
      found.seccomp = proven(
        seccomp === 2,
        seccomp === 2 ? `filter mode, ${filters ?? '1 or more'} filter(s)` : 'no filter',
      );
  }
  const core = limits?.core?.[1];
  if (core !== undefined) found['rlimit-core'] = proven(true, String(core));
  const flags = rootFlags(facts);
  if (flags !== undefined) found.rootfs = proven(flags.includes('ro'), flags.join(',') || 'rw');
  return found;
}

/** By control of the proof: the section that it is from. */
const FROM: Readonly<Record<string, string>> = {
  user: 'ids',
  'user-namespace': 'ids',
  capabilities: 'capabilities',
  'no-new-privileges': 'confinement',
  seccomp: 'confinement',
  'rlimit-core': 'limits',
  rootfs: 'root',
};

/** It agrees with what was seen: nobody planned anything else. */
function planOf(facts: ProbeFacts): PlanFacts {
  const { ids, limits, mounts, confinement } = facts;
  const core = limits?.core?.[1];
  return {
    uid: ids?.uid[1] ?? 0,
    ...{ args: [], capabilities: [], label: confinement?.label ?? '' },
    noNewPrivileges: confinement?.noNewPrivileges === true,
    readOnlyRoot: rootFlags(facts)?.includes('ro') === true,
    rlimits: core === undefined ? {} : { RLIMIT_CORE: core },
    propagation: mounts?.mounts.findLast(({ point }) => point === '/')?.shared === true ? 'shared' : 'private',
    mounts: (mounts?.mounts ?? [])
      .filter(({ point }) => point !== '/')
      .map(({ point, type, source, options, shared }) => ({
        ...{ destination: point, type, source, own: false },
        options: [...options.split(','), ...(shared ? ['shared'] : [])],
      })),
    namespaces: isFirstMap(ids?.uidMap) ? {} : { user: '' },
    uidMappings: [],
    // What its filter does nobody can read; that there is one the kernel says.
    seccomp: confinement?.seccomp === 2 ? { defaultAction: '', rules: 0 } : null,
    ...{ maskedPaths: [], readonlyPaths: [], devices: [], landlock: [] },
    limits: { memory: null, pids: null, cpuQuota: null },
    ...{ network: undefined, image: null },
  };
}

/** Only what the checks of `src/audit/probe.ts` ask for is in it; what the probe could not read is in `gaps`. */
export function containerOf(facts: ProbeFacts): ContainerFacts {
  const proof = proofOf(facts);
  const missing = Object.keys(FROM).filter((control) => proof[control] === undefined);
  return {
    ...{ id: facts.name, name: facts.name, running: true, engine: 'docker' as const, managed: null },
    plan: planOf(facts),
    proof,
    gaps: Object.fromEntries(
      missing.map((control) => [control, facts.gaps[FROM[control] ?? ''] ?? `the probe could not read ${control}`]),
    ),
  };
}

/** The same for what only mounts say: of some that are not known nothing is. */
export function mountsOf(facts: ProbeFacts): ContainerFacts {
  const whole = containerOf(facts);
  if (facts.mounts?.complete === true) return whole;
  const plan = facts.gaps.mounts ?? 'there are more mounts than the probe looked at';
  return { ...whole, plan: null, gaps: { ...whole.gaps, plan } };
}
