// SPDX-License-Identifier: Apache-2.0
// Holds an image against the rules of a policy about signatures. Loaded only where a rule names the image.
import { SecureError } from '../errors.ts';
import { type EffectivePolicy, type SignatureRule, signatureRules } from '../policies/index.ts';
import { parseReference } from './images/reference.ts';
import { findAttestations } from './images/signatures/attestations/find.ts';
import { verifyAttestations } from './images/signatures/attestations/verify.ts';
import { findSignatures, type Repository } from './images/signatures/discover.ts';
import { findGpgSignatures } from './images/signatures/gpg/lookaside.ts';
import { keepSignatures, readSignatures } from './images/signatures/kept.ts';
import { ruleRequirement } from './images/signatures/requirement.ts';
import type { Candidate, Requirement, Subject } from './images/signatures/types.ts';
import { requireOne, verify } from './images/signatures/verify.ts';
import { askedTag } from './images/verify-image.ts';
import type { Inputs } from './inputs.ts';
import { checkRejected } from './plan/image.ts';
import type { ImageFacts } from './plan/types.ts';
import { RegistryClient } from './registry/client.ts';

type Signatures = NonNullable<ImageFacts['signatures']>;

export interface Signed {
  /** Full reference. */
  readonly reference: string;
  /** The manifest that runs, then the index that it was chosen from, where there was one. */
  readonly digests: readonly string[];
}

/** A rule that no signature is asked for by. */
type Exempt = Signatures[number];

/** Rules that are about something, each with what it requires. */
function heldBy(rules: readonly SignatureRule[], inputs: Inputs, state: string): Held[] {
  return rules
    .filter(({ verdict }) => verdict === 'signature')
    .flatMap((rule) => {
      const requirement = ruleRequirement(rule, inputs, state);
      if (rule.attestations.length === 0) return [{ rule, requirement }];
      return rule.attestations.map((attestation) => ({ rule, requirement: { ...requirement, attestation } }));
    });
}

interface Held {
  readonly rule: SignatureRule;
  readonly requirement: Requirement;
}

/** What each rule was satisfied by. @throws SecureError SIGNATURE_MISSING, SIGNATURE_INVALID */
function holdAll(held: readonly Held[], candidates: readonly Candidate[], subject: Subject, image: string): Signatures {
  return held.map(({ rule, requirement }) => {
    const attested =
      requirement.attestation === undefined ? undefined : verifyAttestations(candidates, subject, requirement);
    const outcomes = attested?.outcomes ?? verify(candidates, subject, requirement);
    requireOne(outcomes, image, requirement, `${rule.by.policy}:${rule.by.line}`);
    const accepted = outcomes.find((outcome) => outcome.accepted);
    const decision = `${accepted?.text} (${accepted?.format} ${accepted?.place})`;
    return { decision, by: rule.by, ...(attested === undefined ? {} : { attestations: attested.statements }) };
  });
}

const subjectOf = ({ reference, digests }: Signed): Subject => {
  const parsed = parseReference(reference);
  return { repository: `${parsed.registry}/${parsed.repository}`, tag: askedTag(parsed), digests };
};

function prepare(
  policy: EffectivePolicy,
  signed: Signed,
  inputs: Inputs,
  state: string,
): { held: Held[]; exempt: Exempt[]; image: string } {
  checkRejected(policy, signed.reference);
  const rules = signatureRules(policy, signed.reference);
  const held = heldBy(rules, inputs, state);
  const exempt = rules
    .filter(({ verdict }) => verdict === 'nothing')
    .map(({ by }) => ({ decision: 'none is required', why: 'the policy says so of images of this name', by }));
  return { held, exempt, image: `${signed.reference.split('@', 1)[0]}@${signed.digests[0]}` };
}

/** In the repository, and where OpenPGP signatures are if a rule asks for them. */
async function findAll(repository: Repository, held: readonly Held[], signed: Signed): Promise<Candidate[]> {
  const requirements = held.map(({ requirement }) => requirement);
  const kinds = requirements.map(({ attestation }) => attestation).filter((kind) => kind !== undefined);
  const { digests } = signed;
  const signatures = kinds.length === requirements.length ? [] : await findSignatures(repository, digests);
  const attestations = await findAttestations(repository, digests, kinds);
  // A bundle that does not say what is in it is found twice.
  const places = new Set(signatures.map(({ place }) => place));
  return [
    ...signatures,
    ...attestations.filter(({ place }) => !places.has(place)),
    ...(await findGpgSignatures(requirements, subjectOf(signed).repository, digests)),
  ];
}

/**
 * What something of a registry that is no image satisfies rules by: signatures that are kept, else those that lie there, which are kept then.
 * @throws SecureError SIGNATURE_MISSING, SIGNATURE_INVALID, KEY_INVALID, TRUST_MISSING, TRUST_EXPIRED, REGISTRY_*
 */
export async function signaturesByRules(
  repository: Repository,
  state: string,
  signed: Signed,
  rules: readonly SignatureRule[],
  inputs: Inputs,
): Promise<Signatures> {
  const held = heldBy(rules, inputs, state);
  const digest = signed.digests[0] ?? '';
  const hold = (candidates: readonly Candidate[]) => holdAll(held, candidates, subjectOf(signed), signed.reference);
  try {
    return hold(readSignatures(state, digest));
  } catch (error) {
    if (!(error instanceof SecureError) || !error.code.startsWith('SIGNATURE_')) throw error;
  }
  const candidates = await findAll(repository, held, signed);
  const found = hold(candidates);
  // Who has no state of his own asks each time.
  await keepSignatures(state, digest, candidates).catch(() => {});
  return found;
}

/**
 * What an image of a registry satisfies the rules by, from what lies there. Nothing is kept.
 * @throws SecureError as `checkPulled`
 */
export async function signaturesThere(
  repository: Repository,
  state: string,
  signed: Signed,
  policy: EffectivePolicy,
  inputs: Inputs,
): Promise<Signatures> {
  const { held, exempt, image } = prepare(policy, signed, inputs, state);
  if (held.length === 0) return exempt;
  return [...holdAll(held, await findAll(repository, held, signed), subjectOf(signed), image), ...exempt];
}

/**
 * Before an image of a registry is taken over: its signatures there, which are kept for later starts.
 * @throws SecureError POLICY_DENIED, SIGNATURE_MISSING, SIGNATURE_INVALID, KEY_INVALID, TRUST_MISSING, TRUST_EXPIRED, REGISTRY_*
 */
export async function checkPulled(
  repository: Repository,
  state: string,
  signed: Signed,
  policy: EffectivePolicy,
  inputs: Inputs,
): Promise<void> {
  const { held, image } = prepare(policy, signed, inputs, state);
  if (held.length === 0) return;
  const candidates = await findAll(repository, held, signed);
  holdAll(held, candidates, subjectOf(signed), image);
  await keepSignatures(state, signed.digests[0] ?? '', candidates);
}

/**
 * Before an image of the store is run: the signatures that are kept; where they do not do, those of its registry, unless `offline`.
 * `pulled`: it came from a registry.
 * @throws SecureError POLICY_DENIED, SIGNATURE_MISSING, SIGNATURE_INVALID, KEY_INVALID, TRUST_MISSING, TRUST_EXPIRED, REGISTRY_*
 */
export async function checkSigned(
  state: string,
  signed: Signed,
  policy: EffectivePolicy,
  inputs: Inputs,
  { offline, pulled }: { readonly offline: boolean; readonly pulled: boolean },
): Promise<Signatures> {
  const { held, exempt, image } = prepare(policy, signed, inputs, state);
  // Of an image that came in another way nobody said that it needs none.
  const others = pulled ? exempt : [];
  if (held.length === 0) return others;
  return [...(await checkHeld(state, signed, held, image, offline)), ...others];
}

async function checkHeld(
  state: string,
  signed: Signed,
  held: readonly Held[],
  image: string,
  offline: boolean,
): Promise<Signatures> {
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
