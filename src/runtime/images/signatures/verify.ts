// SPDX-License-Identifier: Apache-2.0
// Decides whether the signatures that were found are what is required. No I/O, but that gpgv is asked about OpenPGP.
import { verifyAttestations } from './attestations/verify.ts';
import { checkBundle } from './bundle.ts';
import { checkCosign } from './cosign.ts';
import { checkGpg } from './gpg/check.ts';
import { checkNotary } from './notary/check.ts';
import { missing, Refusal, refused } from './problems.ts';
import {
  type Candidate,
  type Outcome,
  type Requirement,
  reasonText,
  type Signer,
  type Subject,
  signerText,
  wantedText,
} from './types.ts';

const isSigstore = (candidate: Candidate) => candidate.format === 'cosign' || candidate.format === 'bundle';

/** Why a candidate is not of this signer, or undefined when it is. Of two different kinds: an empty text. */
function objection(
  candidate: Candidate,
  subject: Subject,
  identity: Requirement['identity'],
  signer: Signer,
): string | undefined {
  try {
    if (candidate.format === 'gpg' && signer.kind === 'gpg') checkGpg(candidate, subject, identity, signer);
    else if (candidate.format === 'notary' && signer.kind === 'notary')
      checkNotary(candidate, subject, identity, signer);
    else if (!isSigstore(candidate) || signer.kind === 'gpg' || signer.kind === 'notary') return '';
    else if (candidate.format === 'cosign') checkCosign(candidate, subject, identity, signer);
    else checkBundle(candidate.bundle, subject, identity, signer);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

function judge(candidate: Candidate, subject: Subject, { signers, identity }: Requirement): Outcome {
  const { format, place } = candidate;
  const reasons: string[] = [];
  for (const signer of signers) {
    const reason = objection(candidate, subject, identity, signer);
    if (reason === undefined) return { format, place, accepted: true, text: `signed ${signerText(signer)}` };
    reasons.push(reason);
  }
  return { format, place, accepted: false, text: reasonText(reasons) };
}

/** Every candidate with what became of it; one that is accepted is enough. */
export function verify(
  candidates: readonly Candidate[],
  subject: Subject,
  requirement: Requirement,
): readonly Outcome[] {
  if (requirement.attestation !== undefined) return verifyAttestations(candidates, subject, requirement).outcomes;
  const signatures = candidates.filter(({ format }) => format !== 'attestation' && format !== 'statement');
  return signatures.map((candidate) => judge(candidate, subject, requirement));
}

/** @throws SecureError SIGNATURE_MISSING, SIGNATURE_INVALID when none was accepted. `image`, and who requires it: for messages. */
export function requireOne(outcomes: readonly Outcome[], image: string, requirement: Requirement, by?: string): void {
  if (outcomes.some(({ accepted }) => accepted)) return;
  const wanted = `${wantedText(requirement)}${by === undefined ? '' : `, which ${by} requires`}`;
  const what = requirement.attestation === undefined ? 'signature' : 'attestation';
  if (outcomes.length === 0) throw missing(image, wanted, what);
  throw refused(
    image,
    wanted,
    outcomes.map(({ format, place, text }) => `${format} ${place}: ${text}`),
    what,
  );
}
