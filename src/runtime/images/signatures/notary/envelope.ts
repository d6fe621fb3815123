// SPDX-License-Identifier: Apache-2.0
// What JWS and COSE envelopes of the Notary Project have in common (specs/signature-specification.md). Nothing here is verified yet.
import { Refusal } from '../problems.ts';

export const SCHEMES = ['notary.x509', 'notary.x509.signingAuthority'] as const;
export const PAYLOAD_TYPE = 'application/vnd.cncf.notary.payload.v1+json';
/** A chain is longer only to keep a verifier busy. */
export const CHAIN_LIMIT = 10;

const PREFIX = 'io.cncf.notary.';
const NAMES = {
  scheme: `${PREFIX}signingScheme`,
  signingTime: `${PREFIX}signingTime`,
  authenticTime: `${PREFIX}authenticSigningTime`,
  expiry: `${PREFIX}expiry`,
};
export const TIMESTAMP = `${PREFIX}timestampSignature`;
const CRITICAL = new Set<unknown>([NAMES.scheme, NAMES.authenticTime, NAMES.expiry]);

/** By the key of the certificate: no envelope chooses how it is verified. */
export type Algorithm = 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512';

export interface Attributes {
  readonly scheme: (typeof SCHEMES)[number];
  /** Milliseconds. Said by the signer, or by the signing authority. */
  readonly signingTime: number;
  readonly expiry?: number;
}

export interface Envelope extends Attributes {
  readonly algorithm: string;
  /** The signer's certificate first, its root last. */
  readonly chain: readonly Buffer[];
  readonly payload: Buffer;
  /** What the signature is of. */
  readonly signed: Buffer;
  readonly signature: Buffer;
  /** A timestamp token of the signature. */
  readonly timestamp?: Buffer;
}

/** Protected headers; `time` reads one of them, undefined when it is no time. */
export interface Headers {
  get(name: string): unknown;
  time(name: string): number | undefined;
}

/** @throws Refusal */
export function readAttributes(headers: Headers, contentType: unknown, critical: unknown): Attributes {
  if (contentType !== PAYLOAD_TYPE) throw new Refusal(`its payload is not of the type ${PAYLOAD_TYPE}`);
  if (!Array.isArray(critical)) throw new Refusal('it does not say what is critical');
  for (const name of critical) {
    if (!CRITICAL.has(name))
      throw new Refusal(`it has the critical attribute ${JSON.stringify(String(name).slice(0, 80))}, which is unknown`);
    if (headers.get(name) === undefined) throw new Refusal(`the critical attribute ${name} is missing`);
  }
  const scheme = SCHEMES.find((one) => one === headers.get(NAMES.scheme));
  if (scheme === undefined) throw new Refusal('its signing scheme is none that is known');
  const authority = scheme === 'notary.x509.signingAuthority';
  const has = (name: string) => headers.get(name) !== undefined;
  const [wanted, other] = authority
    ? [NAMES.authenticTime, NAMES.signingTime]
    : [NAMES.signingTime, NAMES.authenticTime];
  if (has(other)) throw new Refusal(`${other} does not belong to the scheme ${scheme}`);
  for (const name of [
    NAMES.scheme,
    ...(authority ? [NAMES.authenticTime] : []),
    ...(has(NAMES.expiry) ? [NAMES.expiry] : []),
  ])
    if (!critical.includes(name)) throw new Refusal(`${name} is not marked as critical`);
  const time = (name: string): number => {
    const value = headers.time(name);
    if (value === undefined || !Number.isSafeInteger(value)) throw new Refusal(`${name} is missing or no time`);
    return value;
  };
  const signingTime = time(wanted);
  if (!has(NAMES.expiry)) return { scheme, signingTime };
  const expiry = time(NAMES.expiry);
  if (expiry <= signingTime) throw new Refusal('it expired before it was made');
  return { scheme, signingTime, expiry };
}
