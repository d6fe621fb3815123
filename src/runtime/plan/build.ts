// SPDX-License-Identifier: Apache-2.0
// A step of a build is a container like any other, but that it is there to write to its root: what it writes is the layer.
import type { EffectivePolicy, Sourced } from '../../policies/index.ts';
import type { Mount, Plan } from './spec.ts';

/** The policy for a step: a writable root, and nothing in memory where an image has directories. Everything else stays. */
export function forBuild(policy: EffectivePolicy): EffectivePolicy {
  const by = { policy: 'builtin:build', line: 1, column: 1 };
  const sourced = <T>(value: T): Sourced<T> => ({ value, by });
  return {
    ...policy,
    run: { ...policy.run, readOnly: sourced(false), writable: sourced([]), noexec: sourced(false) },
    workloads: [],
  };
}

/**
 * A plan with what a step mounts besides: sources of the builder's own making, in directories that no request may name. Mapped through
 * the container's user namespace as every bind is.
 */
export function withBuildMounts(plan: Plan, mounts: readonly Mount[]): Plan {
  const mapped = plan.linux.uidMappings !== undefined;
  const more = mounts.map((mount) =>
    mapped && mount.type === 'bind' ? { ...mount, options: [...mount.options, 'idmap'] } : mount,
  );
  const taken = new Set(more.map(({ destination }) => destination));
  return { ...plan, mounts: [...plan.mounts.filter(({ destination }) => !taken.has(destination)), ...more] };
}
