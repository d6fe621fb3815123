// SPDX-License-Identifier: Apache-2.0
// The proof of `secure-runtime container enforced`: by control, what was planned and what the kernel says is in force.
import { list, object, text } from './json.ts';

export interface Proven {
  /** null: the plan does not ask for it. */
  readonly planned: string | null;
  /** null: the kernel could not be asked; `actual` says why. */
  readonly inForce: boolean | null;
  /** What was found, in words. */
  readonly actual: string;
  readonly required: boolean;
}
export type Proof = Readonly<Record<string, Proven>>;

export function parseProof(enforced: unknown): Proof | null {
  const controls = list(object(enforced).controls).map(object);
  if (controls.length === 0) return null;
  return Object.fromEntries(
    controls.map(({ control, planned, inForce, actual, required }) => [
      text(control),
      {
        planned: planned === 'none' || text(planned) === '' ? null : text(planned),
        inForce: typeof inForce === 'boolean' ? inForce : null,
        actual: text(actual),
        required: required === true,
      },
    ]),
  );
}
