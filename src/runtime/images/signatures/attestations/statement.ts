// SPDX-License-Identifier: Apache-2.0
// What an attestation says, held against the image that it is to be about.
import { isOfKind } from '../../../../policies/index.ts';
import { JsonObject } from '../../oci/json.ts';
import { Refusal } from '../problems.ts';
import { boundSubject, STATEMENTS } from '../statement.ts';
import type { Requirement, Subject } from '../types.ts';

/** One that is about this image, and of the kind. */
export interface Statement {
  readonly predicateType: string;
  readonly predicate: Readonly<Record<string, unknown>>;
}

/** A release is of many files, the image one of them. */
const SUBJECT_LIMIT = 4096;

/** @throws Refusal where it is about something else, or says something else */
export function readStatement(
  payload: Buffer,
  subject: Subject,
  identity: Requirement['identity'],
  kind: string,
): Statement {
  try {
    const json = JsonObject.parse(payload, 'SIGNATURE_INVALID', 'the statement');
    if (!STATEMENTS.includes(json.string('_type'))) throw json.fail('_type', 'is no in-toto statement');
    const predicateType = json.string('predicateType');
    if (!isOfKind(predicateType, kind))
      throw json.fail('predicateType', `is ${JSON.stringify(predicateType.slice(0, 120))}, not ${kind}`);
    boundSubject(json, subject, identity, SUBJECT_LIMIT);
    json.object('predicate');
    const { predicate } = JSON.parse(payload.toString('utf8')) as { predicate: Record<string, unknown> };
    return { predicateType, predicate };
  } catch (error) {
    throw new Refusal((error as Error).message);
  }
}
