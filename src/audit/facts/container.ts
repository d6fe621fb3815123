// SPDX-License-Identifier: Apache-2.0
// Facts about one container: what its plan says, and what the kernel says about the live process. Pure: who audits has read both.
import { type PlanFacts, parsePlan } from './container/plan.ts';
import { type Proof, parseProof } from './container/proof.ts';

export type { PlanFacts, Proof };

export interface ContainerInput {
  /** As `secure-runtime container state` prints it. */
  readonly state: { readonly id: string; readonly name: string; readonly status: string };
  /** config.json of the bundle, parsed; undefined when it cannot be read. */
  readonly plan: unknown;
  /** As `secure-runtime container enforced` prints it; undefined when the container does not run or could not be asked. */
  readonly enforced?: unknown;
}
export interface ContainerFacts {
  readonly id: string;
  readonly name: string;
  /** Is there a live process, so that only the kernel's word counts? */
  readonly running: boolean;
  readonly plan: PlanFacts | null;
  /** By control; null when the kernel was not asked. */
  readonly proof: Proof | null;
}

export function collectContainer({ state, plan, enforced }: ContainerInput): ContainerFacts {
  return {
    id: state.id,
    name: state.name === '' ? state.id.slice(0, 12) : state.name,
    running: state.status === 'running' || state.status === 'stopping',
    plan: parsePlan(plan, state.id),
    proof: parseProof(enforced),
  };
}

export { exampleFacts } from './container/example.ts';
