// SPDX-License-Identifier: Apache-2.0
// Plan or proof: of a process that lives only what the kernel says counts, of one that does not the plan is all there is.

import type { Proven } from '../../../facts/container/proof.ts';
import type { ContainerFacts, PlanFacts } from '../../../facts/container.ts';
import type { DeepPartial } from '../../../partial.ts';
import type { Check, Problem, Verdict } from '../../../types.ts';
import { fails, PASS, problem, quoted, unknown, verdict } from '../../../verdicts.ts';

export type ContainerCheck = Check<ContainerFacts, DeepPartial<ContainerFacts>>;

const NO_PLAN = 'the config.json of the container cannot be read';

/** A problem of the container as a whole. */
export const about = ({ name }: ContainerFacts, key: string, message: string): Problem =>
  problem(key, message, { logical: name });

/**
 * Does only the kernel's word count? Of ours that run. What another engine says of its containers is what its runtime was told, and nothing is
 * lost by believing it where the kernel was not asked.
 */
export const needsProof = ({ running, engine }: ContainerFacts): boolean => running && engine === 'secure';

/** A check of what only the plan says. */
export function planned(facts: ContainerFacts, check: (plan: PlanFacts) => Verdict | readonly Problem[]): Verdict {
  if (facts.plan === null) return unknown(facts.gaps.plan ?? NO_PLAN);
  const answer = check(facts.plan);
  return 'status' in answer ? answer : verdict(answer);
}

export interface Question {
  /** As the proof calls it. */
  readonly control: string;
  /** What is wrong with the plan, as a sentence; null: nothing. */
  readonly plan: (plan: PlanFacts) => string | null;
  /** What is wrong with what the kernel says; undefined: it does not say. Default: whether it is in force. */
  readonly kernel?: (proven: Proven) => string | null | undefined;
}

const inForce = ({ inForce: state, actual }: Proven): string | null | undefined =>
  state === null ? undefined : state ? null : `the kernel says ${quoted(actual)}`;

/** A control that the plan promises and the kernel proves. */
export function judge(facts: ContainerFacts, { control, plan, kernel = inForce }: Question): Verdict {
  if (facts.plan === null) return unknown(facts.gaps.plan ?? NO_PLAN);
  const wrong = plan(facts.plan);
  const fail = (message: string): Verdict => fails(about(facts, control, message));
  const proven = facts.running ? facts.proof?.[control] : undefined;
  if (!needsProof(facts) && proven === undefined) {
    const gap = facts.gaps[control];
    return gap !== undefined ? unknown(gap) : wrong === null ? PASS : fail(wrong);
  }
  const found = proven === undefined ? undefined : kernel(proven);
  if (found === null) return PASS;
  if (typeof found === 'string') return fail(wrong === null ? `${found}, although the plan asks for it` : found);
  if (wrong !== null) return fail(wrong);
  return unknown(
    proven === undefined
      ? `the kernel was not asked about ${control}: the plan asks for it, nothing proves it`
      : `${control} could not be proven: ${quoted(proven.actual)}`,
  );
}

/** The examples that most controls share: the kernel's word flips it, and without a process the plan's. */
export const STOPPED: DeepPartial<ContainerFacts> = { running: false, proof: null };
