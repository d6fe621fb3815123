// SPDX-License-Identifier: Apache-2.0
// Which attestations of an image count, and what they say. No I/O.
import { Refusal } from '../problems.ts';
import {
  type Candidate,
  type Outcome,
  type Requirement,
  reasonText,
  type Signer,
  type Subject,
  signerText,
} from '../types.ts';
import { checkAttestation } from './check.ts';
import { readStatement, type Statement } from './statement.ts';

/** A statement about the image that somebody who is wanted has signed. */
export interface Attestation extends Statement {
  /** Where: a tag or digest of the repository. */
  readonly place: string;
  /** For messages: `by the key team.pub`. */
  readonly signer: string;
}

/** A statement about the image that nobody has signed: it says what whoever may write to the repository wants it to say. */
export interface UnsignedStatement extends Statement {
  readonly place: string;
}

export interface Attestations {
  readonly statements: readonly Attestation[];
  readonly unsigned: readonly UnsignedStatement[];
  /** What became of each candidate. */
  readonly outcomes: readonly Outcome[];
}

/** A text says why not. */
function attempt(read: () => Statement): Statement | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

/** By the first of the signers who has signed it; a text says why none of them has. */
function attested(candidate: Candidate, subject: Subject, requirement: Requirement): Attestation | string {
  const { identity, attestation = '', signers } = requirement;
  const reasons: string[] = [];
  const one = (signer: Signer): Statement | string =>
    signer.kind === 'gpg' || signer.kind === 'notary'
      ? ''
      : attempt(() => checkAttestation(candidate, subject, identity, signer, attestation));
  for (const signer of signers) {
    const found = one(signer);
    if (typeof found !== 'string') return { ...found, place: candidate.place, signer: signerText(signer) };
    reasons.push(found);
  }
  return reasonText(reasons);
}

/**
 * What is said about an image, of the kind that `requirement.attestation` names.
 * @param candidates as `findAttestations` found them; what is none is left out
 */
export function verifyAttestations(
  candidates: readonly Candidate[],
  subject: Subject,
  requirement: Requirement,
): Attestations {
  const { attestation = '' } = requirement;
  const [statements, unsigned, outcomes]: [Attestation[], UnsignedStatement[], Outcome[]] = [[], [], []];
  for (const candidate of candidates) {
    const { format, place } = candidate;
    const refused = (text: string) => outcomes.push({ format, place, accepted: false, text });
    if (format === 'statement') {
      // The name of a subject means something only where somebody answers for it.
      const found = attempt(() => readStatement(candidate.statement, subject, 'digest-only', attestation));
      if (typeof found !== 'string') unsigned.push({ ...found, place });
      refused(typeof found === 'string' ? found : 'nobody has signed it');
    } else if (format === 'bundle' || format === 'attestation') {
      const found = attested(candidate, subject, requirement);
      if (typeof found === 'string') refused(found);
      else {
        statements.push(found);
        outcomes.push({ format, place, accepted: true, text: `${found.predicateType} signed ${found.signer}` });
      }
    }
  }
  return { statements, unsigned, outcomes };
}
