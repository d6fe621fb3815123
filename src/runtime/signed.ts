// SPDX-License-Identifier: Apache-2.0
// Holds an image against the rules of a policy about signatures. Loaded only where a rule names the image.
import { SecureError } from '../errors.ts';
import { type EffectivePolicy, type SignatureRule, signatureRules } from '../policies/index.ts';
import { parseReference } from './images/reference.ts';
import { findSignatures, type Repository } from './images/signatures/discover.ts';
import { findGpgSignatures } from './images/signatures/gpg/lookaside.ts';
import { keepSignatures, readSignatures } from './images/signatures/kept.ts';
import { ruleRequirement } from './images/signatures/requirement.ts';
import type { Candidate, Requirement, Subject } from './images/signatures/types.ts';
import { requireOne, verify } from './images/signatures/verify.ts';
import type { Inputs } from './inputs.ts';
import type { ImageFacts } from './plan/types.ts';
import { RegistryClient } from './registry/client.ts';

type Signatures = NonNullable<ImageFacts['signatures']>;

export interface Signed {
  /** Full reference. */
  readonly reference: string;
  /** The manifest that runs, then the index that it was chosen from, where there was one. */
  readonly digests: readonly string[];
}

interface Held {
  readonly rule: SignatureRule;
  readonly requirement: Requirement;
}

/** What each rule was satisfied by. @throws SecureError SIGNATURE_MISSING, SIGNATURE_INVALID */
function holdAll(held: readonly Held[], candidates: readonly Candidate[], subject: Subject, image: string): Signatures {
  return held.map(({ rule, requirement }) => {
    const outcomes = verify(candidates, subject, requirement);
    requireOne(outcomes, image, requirement, `${rule.by.policy}:${rule.by.line}`);
    const accepted = outcomes.find((outcome) => outcome.accepted);
    return { decision: `${accepted?.text} (${accepted?.format} ${accepted?.place})`, by: rule.by };
  });
}

const subjectOf = ({ reference, digests }: Signed): Subject => {
  const { registry, repository } = parseReference(reference);
  return { repository: `${registry}/${repository}`, digests };
};

function prepare(policy: EffectivePolicy, signed: Signed, inputs: Inputs): { held: Held[]; image: string } {
  const held = signatureRules(policy, signed.reference).map((rule) => ({
    rule,
    requirement: ruleRequirement(rule, inputs),
  }));
  return { held, image: `${signed.reference.split('@', 1)[0]}@${signed.digests[0]}` };
}

/** In the repository, and where OpenPGP signatures are if a rule asks for them. */
async function findAll(repository: Repository, held: readonly Held[], signed: Signed): Promise<Candidate[]> {
  const requirements = held.map(({ requirement }) => requirement);
  const found = await findSignatures(repository, signed.digests);
  return [...found, ...(await findGpgSignatures(requirements, subjectOf(signed).repository, signed.digests))];
}

/**
 * Before an image of a registry is taken over: its signatures there, which are kept for later starts.
 * @throws SecureError SIGNATURE_MISSING, SIGNATURE_INVALID, KEY_INVALID, REGISTRY_*
 */
export async function checkPulled(
  repository: Repository,
  state: string,
  signed: Signed,
  policy: EffectivePolicy,
  inputs: Inputs,
): Promise<void> {
  const { held, image } = prepare(policy, signed, inputs);
  if (held.length === 0) return;
  const candidates = await findAll(repository, held, signed);
  holdAll(held, candidates, subjectOf(signed), image);
  await keepSignatures(state, signed.digests[0] ?? '', candidates);
}

/**
 * Before an image of the store is run: the signatures that are kept; where they do not do, those of its registry, unless `offline`.
 * @throws SecureError SIGNATURE_MISSING, SIGNATURE_INVALID, KEY_INVALID, REGISTRY_*
 */
export async function checkSigned(
  state: string,
  signed: Signed,
  policy: EffectivePolicy,
  inputs: Inputs,
  offline: boolean,
): Promise<Signatures> {
  const { held, image } = prepare(policy, signed, inputs);
  const subject = subjectOf(signed);
  let kept: unknown;
  try {
    return holdAll(held, readSignatures(state, signed.digests[0] ?? ''), subject, image);
  } catch (error) {
    if (offline) throw error;
    kept = error;
  }
  const client = new RegistryClient(parseReference(signed.reference));
  try {
    const candidates = await findAll(client, held, signed);
    const found = holdAll(held, candidates, subject, image);
    await keepSignatures(state, signed.digests[0] ?? '', candidates);
    return found;
  } catch (error) {
    throw unasked(kept, error);
  } finally {
    client.close();
  }
}

/** That a registry does not answer is not why the image is refused: that nothing kept here does is. */
function unasked(kept: unknown, error: unknown): unknown {
  const both = kept instanceof SecureError && error instanceof SecureError && error.code.startsWith('REGISTRY_');
  if (!both) return error;
  return new SecureError(kept.code, `${kept.message}; and for others its registry cannot be asked: ${error.message}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    exitCode: kept.exitCode,
    cause: error,
  });
}
