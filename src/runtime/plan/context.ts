// SPDX-License-Identifier: Apache-2.0
import { SecureError } from '../../errors.ts';
import type { EffectivePolicy, Source, Workload } from '../../policies/index.ts';
import type { Reasons } from './reasons.ts';
import type { HostFacts, ImageFacts, NetworkSettings, PlanInputRecord, RunRequest } from './types.ts';

/** Everything that a plan depends on; planning reads nothing else. */
export interface PlanInput {
  readonly request: RunRequest;
  readonly image: ImageFacts;
  readonly policy: EffectivePolicy;
  readonly host: HostFacts;
  readonly network: NetworkSettings;
  /** `/var/lib/secure` and `/run/secure`, or where they were moved to. */
  readonly roots: { readonly state: string; readonly run: string };
  /** What the caller read on the way here; kept in the plan as it is. */
  readonly inputs: readonly PlanInputRecord[];
}

/** What each part of planning gets: the input, the policy with the image's workload granted, and where reasons go. */
export interface Context extends PlanInput {
  readonly reasons: Reasons;
  /** What the policy knows about this image; its grants are in `policy` already. */
  readonly workload: Workload | undefined;
}

/** A request that asks for more than the policy gives. The line is part of the message, as the policy may be changed. */
export function denied(what: string, by: Source, hint: string): SecureError {
  return new SecureError('POLICY_DENIED', `${what}: ${by.policy}:${by.line} does not allow it`, {
    hint,
    position: { file: by.policy, line: by.line },
  });
}

export function invalid(flag: string, value: string, expected: string): SecureError {
  return new SecureError('INVALID_VALUE', `${flag}: ${JSON.stringify(value)} is not ${expected}`);
}

/** Strings that become arguments of system calls end at a NUL: what was checked would not be what is used. */
export function withoutNul(flag: string, value: string): string {
  if (value.includes('\0')) throw invalid(flag, value, 'free of NUL characters');
  return value;
}
