// SPDX-License-Identifier: Apache-2.0
// Which workload an image is, and what that adds to a policy.
import { SecureError } from '../errors.ts';
import { CONTROL_NAMES, CONTROLS } from './controls.ts';
import type { Lattice } from './lattice.ts';
import { excesses, grantsOf } from './merge.ts';
import type { EffectivePolicy, PartialRun, SignatureRule, Sourced, Workload } from './types.ts';

/** `repository`, and what follows the last `:` of its last segment, or the digest. */
function split(reference: string): { repository: string; version: string } {
  const [plain = '', digest] = reference.split('@');
  const colon = plain.indexOf(':', plain.lastIndexOf('/') + 1);
  if (colon < 0) return { repository: plain, version: digest ?? '' };
  return { repository: plain.slice(0, colon), version: plain.slice(colon + 1) };
}

/** Greedy matching of `*` (not across `stop`) and `**`, linear in pattern times text: no backtracking explosion. */
function glob(pattern: string, text: string, stop: string): boolean {
  let states = new Set([0]);
  const open = (set: Set<number>): Set<number> => {
    // A set is walked in insertion order, what is added on the way included.
    for (const i of set) if (pattern[i] === '*') set.add(pattern[i + 1] === '*' ? i + 2 : i + 1);
    return set;
  };
  states = open(states);
  for (const character of text) {
    const next = new Set<number>();
    for (const i of states) {
      if (pattern[i] !== '*') {
        if (pattern[i] === character) next.add(i + 1);
      } else if (pattern[i + 1] === '*' || character !== stop) next.add(i);
    }
    states = open(next);
  }
  return states.has(pattern.length);
}

/**
 * Does a pattern (`docker.io/library/nginx:*`, `ghcr.io/acme/**`) name this full reference? A pattern without a
 * version, or with `:*`, takes any tag and any digest.
 */
export function matchesReference(pattern: string, reference: string): boolean {
  const want = split(pattern);
  const have = split(reference);
  if (!glob(want.repository, have.repository, '/')) return false;
  return want.version === '' || want.version === '*' || glob(want.version, have.version, '/');
}

/** The first workload that names the image, nearest file first. */
export function findWorkload(policy: EffectivePolicy, reference: string): Workload | undefined {
  return policy.workloads.find((workload) => workload.match.some((pattern) => matchesReference(pattern, reference)));
}

/** The rules about signatures that name an image, nearest file first. */
export function signatureRules(policy: EffectivePolicy, reference: string): SignatureRule[] {
  const named = (patterns: readonly string[]) => patterns.some((pattern) => matchesReference(pattern, reference));
  return policy.images.filter(({ match, except }) => named(match) && !named(except));
}

/**
 * What is granted of a workload. Where its ports are published it can only narrow.
 * @throws SecureError CEILING_EXCEEDED: an inherited recipe asks for more than this policy lets it.
 */
function granted(policy: EffectivePolicy, { grants, optional }: Workload): PartialRun {
  const { publishAddress: _, ...rest } = grants;
  const found = excesses(rest, policy.run, policy.ceilings);
  const [excess] = found;
  if (excess === undefined) return rest;
  if (optional) {
    const beyond = found.map(({ control }): string => control);
    return Object.fromEntries(Object.entries(rest).filter(([name]) => !beyond.includes(name)));
  }
  const { control, shown, value, bound, boundShown } = excess;
  const allowed = `${boundShown}, which ${bound.by.policy}:${bound.by.line} allows`;
  throw new SecureError('CEILING_EXCEEDED', `the workload asks for ${control}: ${shown}, beyond ${allowed}`, {
    hint: `give the image a workload of its own, or declare run.ceilings.${control} in your policy`,
    position: { file: value.by.policy, line: value.by.line },
  });
}

/** The policy with a workload's grants. @throws SecureError CEILING_EXCEEDED */
export function grantWorkload(policy: EffectivePolicy, workload: Workload): EffectivePolicy {
  const grants = granted(policy, workload);
  const run: Record<string, Sourced<unknown>> = { ...policy.run };
  for (const name of CONTROL_NAMES) {
    const grant = grants[name];
    const own = run[name];
    if (grant === undefined || own === undefined) continue;
    const lattice = CONTROLS[name].lattice as Lattice<unknown>;
    // A number replaces (a workload may also need less); a set adds.
    const adds = Array.isArray(grant.value) || grant.value === 'any';
    const value = adds ? lattice.join(own.value, grant.value) : grant.value;
    // What the policy gives anyway is the policy's word.
    if (adds && !lattice.loosens(own.value, value)) continue;
    run[name] = { value, by: grant.by };
  }
  const { publishAddress } = workload.grants;
  const { lattice } = CONTROLS.publishAddress;
  if (publishAddress !== undefined && lattice.loosens(publishAddress.value, policy.run.publishAddress.value))
    run.publishAddress = publishAddress;
  const granting = run as unknown as EffectivePolicy['run'];
  // By what came of it: a workload that asks for no more than there is grants nothing.
  const more = grantsOf(granting, policy.run);
  const replaced = new Set(more.map(({ control }) => control));
  return {
    ...policy,
    run: granting,
    grants: [
      ...policy.grants.filter(({ control, by }) => !replaced.has(control) && granting[control].by === by),
      ...more,
    ],
  };
}
