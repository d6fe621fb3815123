// SPDX-License-Identifier: Apache-2.0
// JWS with JSON serialization (RFC 7515; Notary Project specs/signature-envelope-jws.md).
import { JsonObject } from '../../oci/json.ts';
import { Refusal } from '../problems.ts';
import { CHAIN_LIMIT, type Envelope, readAttributes, TIMESTAMP } from './envelope.ts';

export const JWS = 'application/jose+json';

function decoded(text: string, encoding: 'base64' | 'base64url', what: string): Buffer {
  const data = Buffer.from(text, encoding);
  // Whatever Node skips is no part of the encoding.
  if (data.length === 0 || data.toString(encoding) !== text) throw new Refusal(`its ${what} is no ${encoding}`);
  return data;
}

/** RFC 3339, without a time zone that would have to be known. */
function timeOf(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(value))
    return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

/** @throws Refusal */
export function readJws(bytes: Buffer): Envelope {
  try {
    const json = JsonObject.parse(bytes, 'SIGNATURE_INVALID', 'the envelope');
    const [payload, head] = [json.string('payload'), json.string('protected')];
    const headers = JSON.parse(decoded(head, 'base64url', 'protected header').toString('utf8')) as Record<
      string,
      unknown
    >;
    if (typeof headers !== 'object' || headers === null) throw new Refusal('its protected header is no object');
    const get = (name: string) => (Object.hasOwn(headers, name) ? headers[name] : undefined);
    const attributes = readAttributes({ get, time: (name) => timeOf(get(name)) }, get('cty'), get('crit'));
    const unprotected = json.object('header');
    return {
      ...attributes,
      algorithm: String(get('alg')).slice(0, 20),
      chain: unprotected.strings('x5c', CHAIN_LIMIT).map((text) => decoded(text, 'base64', 'chain')),
      payload: decoded(payload, 'base64url', 'payload'),
      signed: Buffer.from(`${head}.${payload}`),
      signature: decoded(json.string('signature'), 'base64url', 'signature'),
      ...(unprotected.has(TIMESTAMP)
        ? { timestamp: decoded(unprotected.string(TIMESTAMP), 'base64', 'timestamp') }
        : {}),
    };
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(`it is malformed: ${(error as Error).message.slice(0, 200)}`);
  }
}
