// SPDX-License-Identifier: Apache-2.0

import type { EnginePart } from '../../../facts/engine/types.ts';
import type { EngineFacts } from '../../../facts/engine.ts';
import type { DeepPartial } from '../../../partial.ts';
import type { Check, Problem, Verdict } from '../../../types.ts';
import { problem, unknown, verdict } from '../../../verdicts.ts';

/** A check of an engine; its examples are what differs from `exampleFacts`. */
export type EngineCheck = Check<EngineFacts, DeepPartial<EngineFacts>>;

/** A problem of the engine, or of something that it has. */
export const ofEngine = ({ engine }: EngineFacts, key: string, message: string, name: string = engine): Problem =>
  problem(key, message, { logical: name });

/** What one part says; what could not be asked is unknown, with the reason. */
export function known<P extends Exclude<EnginePart, 'config'>>(
  facts: EngineFacts,
  part: P,
  check: (found: NonNullable<EngineFacts[P]>) => Verdict | readonly Problem[],
): Verdict {
  const found = facts[part];
  if (found === null) return unknown(facts.problems[part] ?? `${facts.engine} was not asked about ${part}`);
  const answer = check(found as NonNullable<EngineFacts[P]>);
  return 'status' in answer ? answer : verdict(answer);
}
