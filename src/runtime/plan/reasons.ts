// SPDX-License-Identifier: Apache-2.0
// Why the plan is as it is: one entry for every hardening decision, with the line of policy behind it.
import { SecureError } from '../../errors.ts';
import type { Source } from '../../policies/index.ts';
import type { Plan } from './spec.ts';
import type { Reason } from './types.ts';

interface Decision {
  readonly control: string;
  readonly decision: string;
  readonly by: Source;
  readonly why: string;
  /** Default true. */
  readonly required?: boolean;
  readonly status?: Reason['status'];
  readonly compensatedBy?: string;
}

/** A control that the policy asks for and the host may not have. */
interface Offer extends Omit<Decision, 'status'> {
  readonly available: boolean;
  /** What the host lacks, for the refusal and the report. */
  readonly lacks: string;
  readonly hint: string;
}

export class Reasons {
  readonly #list: Reason[] = [];

  get list(): readonly Reason[] {
    return this.#list;
  }

  add({ control, decision, by, why, required = true, status = 'enforced', compensatedBy }: Decision): void {
    const { policy, line } = by;
    this.#list.push({
      control,
      decision,
      required,
      status,
      by: { policy, line },
      why,
      compensatedBy: compensatedBy ?? null,
    });
  }

  /**
   * Whether the control is used. Fails closed: what is required and cannot be had ends the planning.
   * @throws SecureError CONTROL_UNAVAILABLE
   */
  offer(offer: Offer): boolean {
    const { available, lacks, hint, ...decision } = offer;
    if (available) {
      this.add(decision);
      return true;
    }
    if (decision.required !== false) {
      const { policy, line } = decision.by;
      throw new SecureError(
        'CONTROL_UNAVAILABLE',
        `${decision.control} is required by ${policy}:${line}, but ${lacks}`,
        { hint },
      );
    }
    this.add({ ...decision, decision: 'none', status: 'unavailable', why: lacks });
    return false;
  }
}

const MARK: Readonly<Record<Reason['status'], string>> = { enforced: '+', unavailable: '!', off: '-' };

/** The reasons as lines for people: `+` enforced, `!` wished but not available here, `-` off by policy. */
export function explainReasons(plan: Pick<Plan, 'secure'>): string[] {
  const { reasons } = plan.secure;
  const width = Math.max(0, ...reasons.map((reason) => reason.control.length));
  return reasons.map(({ control, decision, status, by, why, compensatedBy, required }) => {
    const place = by.line === undefined ? by.policy : `${by.policy}:${by.line}`;
    const instead = compensatedBy === null ? '' : `; instead: ${compensatedBy}`;
    const force = status === 'enforced' && !required ? ' (wished)' : '';
    return `${MARK[status]} ${control.padEnd(width)}  ${decision}${force}: ${why}${instead} [${place}]`;
  });
}
