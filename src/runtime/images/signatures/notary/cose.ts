// SPDX-License-Identifier: Apache-2.0
// COSE_Sign1_Tagged (RFC 9052, 4.2 and 4.4; Notary Project specs/signature-envelope-cose.md).
import { type DecodeOptions, decode, encode, Tagged } from 'cborg';
import { Refusal } from '../problems.ts';
import { CHAIN_LIMIT, type Envelope, readAttributes, TIMESTAMP } from './envelope.ts';

export const COSE = 'application/cose';
const SIGN1 = 18;
const EPOCH = 1;
/** Labels of headers: RFC 9052, 3.1, and RFC 9360, 2. */
const LABEL = { algorithm: 1, critical: 2, contentType: 3, chain: 33 };
const ALGORITHMS = new Map<unknown, string>([
  [-37, 'PS256'],
  [-38, 'PS384'],
  [-39, 'PS512'],
  [-7, 'ES256'],
  [-35, 'ES384'],
  [-36, 'ES512'],
]);

/** Only the shortest form of everything, and nothing twice. */
const STRICT: DecodeOptions = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowBigInt: false,
  allowNaN: false,
  allowInfinity: false,
  useMaps: true,
  rejectDuplicateMapKeys: true,
};

function bytesOf(value: unknown, what: string): Buffer {
  if (!(value instanceof Uint8Array) || value.length === 0) throw new Refusal(`its ${what} is missing or no bytes`);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function mapOf(value: unknown, what: string): ReadonlyMap<unknown, unknown> {
  if (!(value instanceof Map)) throw new Refusal(`its ${what} are no map`);
  return value;
}

function timeOf(value: unknown): number | undefined {
  if (!(value instanceof Tagged) || value.tag !== EPOCH || typeof value.value !== 'number') return undefined;
  return Math.floor(value.value * 1000);
}

function chainOf(value: unknown): Buffer[] {
  if (!Array.isArray(value) || value.length > CHAIN_LIMIT) throw new Refusal('its chain is missing or no list');
  return value.map((one) => bytesOf(one, 'chain'));
}

function read(bytes: Buffer): Envelope {
  const message = decode(bytes, { ...STRICT, tags: Tagged.preserve(SIGN1, EPOCH) }) as unknown;
  const parts: unknown = message instanceof Tagged && message.tag === SIGN1 ? message.value : undefined;
  if (!Array.isArray(parts) || parts.length !== 4) throw new Refusal('it is no COSE_Sign1 with its tag');
  const head = bytesOf(parts[0], 'protected header');
  const payload = bytesOf(parts[2], 'payload');
  const headers = mapOf(decode(head, { ...STRICT, tags: Tagged.preserve(EPOCH) }), 'protected headers');
  const unprotected = mapOf(parts[1], 'unprotected headers');
  const get = (name: string) => headers.get(name);
  const attributes = readAttributes(
    { get, time: (name) => timeOf(get(name)) },
    headers.get(LABEL.contentType),
    headers.get(LABEL.critical),
  );
  return {
    ...attributes,
    algorithm: ALGORITHMS.get(headers.get(LABEL.algorithm)) ?? 'none that is known',
    chain: chainOf(unprotected.get(LABEL.chain)),
    payload,
    signed: Buffer.from(encode(['Signature1', head, new Uint8Array(), payload])),
    signature: bytesOf(parts[3], 'signature'),
    ...(unprotected.has(TIMESTAMP) ? { timestamp: bytesOf(unprotected.get(TIMESTAMP), 'timestamp') } : {}),
  };
}

/** @throws Refusal */
export function readCose(bytes: Buffer): Envelope {
  try {
    return read(bytes);
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(`it is malformed: ${(error as Error).message.slice(0, 200)}`);
  }
}
