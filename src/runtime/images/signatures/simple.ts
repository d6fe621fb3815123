// SPDX-License-Identifier: Apache-2.0
// The payload of simple signing (containers/image docs/signature.5), as cosign keeps it in a layer.
import { JsonObject } from '../oci/json.ts';
import { nameObjection } from './identity.ts';
import { Refusal } from './problems.ts';
import type { Requirement, Subject } from './types.ts';

export const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
const COSIGN_TYPE = 'cosign container image signature';
/** What podman and skopeo sign. */
export const ATOMIC_TYPE = 'atomic container signature';

/** Bytes that a cosign signature of an image is made of; always the same for the same image. */
export function simplePayload(repository: string, digest: string): Buffer {
  const critical = {
    identity: { 'docker-reference': repository },
    image: { 'docker-manifest-digest': digest },
    type: COSIGN_TYPE,
  };
  return Buffer.from(JSON.stringify({ critical, optional: null }));
}

/** Holds a payload whose signature was verified against the image. @throws Refusal */
export function checkSimple(
  payload: Buffer,
  subject: Subject,
  identity: Requirement['identity'],
  wanted = COSIGN_TYPE,
): void {
  let json: JsonObject;
  try {
    json = JsonObject.parse(payload, 'SIGNATURE_INVALID', 'the payload').object('critical');
    const type = json.string('type');
    if (type !== wanted)
      throw json.fail('type', `is ${JSON.stringify(type.slice(0, 80))}, not ${JSON.stringify(wanted)}`);
    const digest = json.object('image').string('docker-manifest-digest');
    if (!subject.digests.includes(digest))
      throw json.fail('image', `is ${digest.slice(0, 140)}: the signature is of another image`);
    if (identity === 'digest-only') return;
    const named = json.object('identity').string('docker-reference');
    const objection = nameObjection(named, subject, identity);
    if (objection !== undefined) throw json.fail('identity', `is ${JSON.stringify(named.slice(0, 200))}: ${objection}`);
  } catch (error) {
    throw new Refusal((error as Error).message);
  }
}
