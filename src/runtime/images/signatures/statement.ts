// SPDX-License-Identifier: Apache-2.0
// in-toto statements (in-toto/attestation spec v1), which bundles of images hold.
import { parseDigest } from '../digest.ts';
import { JsonObject } from '../oci/json.ts';
import { nameObjection } from './identity.ts';
import { Refusal } from './problems.ts';
import type { Requirement, Subject } from './types.ts';

export const STATEMENT_TYPE = 'application/vnd.in-toto+json';
/** Types of the statement layer. */
export const STATEMENTS: readonly string[] = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'];
/** What cosign 3 says of an image that was signed, and nothing else. */
export const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';
/** An attestation may be about many files; a signature of an image is about one. */
const SUBJECT_LIMIT = 64;

/** Bytes of the statement that an image was signed; always the same for the same image. */
export function signStatement(repository: string, digest: string): Buffer {
  const { algorithm, hex } = parseDigest(digest) ?? { algorithm: 'sha256', hex: '' };
  return Buffer.from(
    JSON.stringify({
      _type: STATEMENTS[0],
      subject: [{ name: repository, digest: { [algorithm]: hex } }],
      predicateType: SIGN_PREDICATE,
      predicate: {},
    }),
  );
}

/**
 * The subjects of a statement have to have the image among them, under a name that is wanted.
 * @throws SecureError with the place in the statement
 */
export function boundSubject(
  json: JsonObject,
  subject: Subject,
  identity: Requirement['identity'],
  limit: number,
): void {
  const about = json.objects('subject', limit).filter((entry) => {
    const digests = entry.stringMap('digest', 8);
    return subject.digests.some((digest) => {
      const parts = parseDigest(digest);
      return parts !== undefined && digests[parts.algorithm] === parts.hex;
    });
  });
  if (about.length === 0) throw json.fail('subject', 'is another image');
  if (identity === 'digest-only') return;
  const names = about.map((entry) => entry.string('name', '')).filter((name) => name !== '');
  const found = names.map((name) => {
    try {
      return nameObjection(name, subject, identity);
    } catch (error) {
      // Beside the image a statement may be about a file.
      return (error as Error).message;
    }
  });
  if (found.includes(undefined)) return;
  throw json.fail(
    'subject',
    found[0] === undefined
      ? 'names no repository, so it may be one for another: accept it with the identity digest-only'
      : `is of the repository ${JSON.stringify(names[0]?.slice(0, 200))}: ${found[0]}`,
  );
}

/**
 * Holds a statement whose signature was verified against the image.
 * @throws Refusal also for an attestation: that somebody says something about an image does not mean that they release it
 */
export function checkStatement(payload: Buffer, subject: Subject, identity: Requirement['identity']): void {
  try {
    const json = JsonObject.parse(payload, 'SIGNATURE_INVALID', 'the statement');
    if (!STATEMENTS.includes(json.string('_type'))) throw json.fail('_type', 'is no in-toto statement');
    const predicate = json.string('predicateType');
    if (predicate !== SIGN_PREDICATE)
      throw json.fail(
        'predicateType',
        `is ${JSON.stringify(predicate.slice(0, 120))}: it is an attestation, not a signature`,
      );
    boundSubject(json, subject, identity, SUBJECT_LIMIT);
  } catch (error) {
    throw new Refusal((error as Error).message);
  }
}
